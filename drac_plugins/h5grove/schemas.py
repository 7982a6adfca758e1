"""The wire of h5grove: its own arguments, with a datafile in place of the file."""

from __future__ import annotations

from marshmallow import validate

from drac_plugins.core.web import SessionQuery, Text, WholeNumber

FORMATS = ("json", "bin", "npy", "csv", "tiff")


class ContentQuery(SessionQuery):
    datafile_id = WholeNumber(data_key="datafileId", required=True, metadata={"description": "id of the datafile"})
    path = Text(
        load_default="",
        metadata={"description": "of the object in the file; default: the root, or the values that NeXus has plotted"},
    )


class AttributesQuery(ContentQuery):
    attr_keys = Text(load_default=None, metadata={"description": "name of an attribute; repeated: of several"})


class MetadataQuery(ContentQuery):
    resolve_links = Text(
        load_default=None, metadata={"description": "which links are followed: only_valid, all or none"}
    )


class SelectionQuery(ContentQuery):
    selection = Text(load_default=None, metadata={"description": "a part of the dataset, such as 0,10:20,::2"})


class DataQuery(SelectionQuery):
    format = Text(load_default="json", validate=validate.OneOf(FORMATS))
    dtype = Text(load_default="origin", validate=validate.OneOf(("origin", "safe")))
    flatten = Text(load_default=None, metadata={"description": "false (the default), or else one dimension"})
