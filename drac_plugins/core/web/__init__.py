"""The web layer that all plugins share: see `Blueprint` for how a route is declared."""

from __future__ import annotations

from drac_plugins.core.web.addresses import client_address
from drac_plugins.core.web.answers import empty_reply, json_reply, text_reply
from drac_plugins.core.web.blueprint import Blueprint
from drac_plugins.core.web.callers import Caller, person, services, sign_in, sign_out
from drac_plugins.core.web.fields import (
    Day,
    Flag,
    Ids,
    Meta,
    PageQuery,
    QuerySchema,
    SessionQuery,
    SortedPageQuery,
    Text,
    UploadedFile,
    WholeNumber,
    WireDateTime,
    Words,
    facility_zone,
    page_meta,
    wire_datetime,
)
from drac_plugins.core.web.sending import stored_file

__all__ = [
    "Blueprint",
    "Caller",
    "Day",
    "Flag",
    "Ids",
    "Meta",
    "PageQuery",
    "QuerySchema",
    "SessionQuery",
    "SortedPageQuery",
    "Text",
    "UploadedFile",
    "WholeNumber",
    "WireDateTime",
    "Words",
    "client_address",
    "empty_reply",
    "facility_zone",
    "json_reply",
    "page_meta",
    "person",
    "services",
    "sign_in",
    "sign_out",
    "stored_file",
    "text_reply",
    "wire_datetime",
]
