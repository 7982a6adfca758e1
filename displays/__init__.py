"""Display documents, the one that applies to a dataset, and the view model it yields. Pure: no web, no catalogue.

The way through, each step a function of its arguments alone:

1. `displays.library.Library.load([*stock_documents(), *own], vocabulary(), techniques(), zone)` reads the documents, or
   raises `displays.errors.DocumentError` with file, line and sentence for every fault (keep the library in use then).
2. Fill `displays.records.Dataset` for each dataset and a `displays.records.Lineage` with what the reader may see around
   it; `Lineage.with_acquisition` dates processed datasets by their raw data.
3. `library.resolve(dataset)` gives a `Resolution` (`.display`, `.beside`, `.explain().text()`, `.explain().as_dict()`);
   `library.choose(dataset)` only the display and `library.resolve_many(datasets)` the groups of a long list, both fast.
4. `displays.view.build(display, dataset, lineage, Reader(zone, vocabulary, techniques, settings), beside)` makes the
   view of one dataset; `displays.listing.build_list` and `displays.plots.plot_data` those of many;
   `displays.view_model.as_json` turns any of them into JSON.
5. `displays.check.check(library)` is the lint.
"""
