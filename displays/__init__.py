"""Display documents, the one that applies to a dataset, and the view model it yields. Pure: no web, no catalogue."""
