"""Values of attributes as dump files have them."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from icat_schema.definitions import Attribute
from icat_schema.server.dates import exact_from_xml
from icat_schema.server.soap.beans import parse_value


def parse(attribute: Attribute, value: Any, zone: ZoneInfo) -> Any:
    """The value to store. A date without offset is in the zone. Raises ValueError."""
    if value is None:
        return None
    if isinstance(value, bool):
        value = "true" if value else "false"
    text = str(value)
    if attribute.type == "Date":
        return exact_from_xml(text.strip(), zone)
    return parse_value(attribute, text if attribute.type == "String" else text.strip(), zone)
