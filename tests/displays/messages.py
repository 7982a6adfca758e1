"""Datasets as producers announced them: the recorded messages, read as the ingester would register them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from lxml import etree

from displays.records import Dataset, parameters

FOLDER = Path(__file__).parents[1] / "messages"
_NAMESPACE = {"t": "http://www.esrf.fr/icat"}


def announced(message: str, number: int, more: Mapping[str, str] | None = None, **facts: object) -> Dataset:
    """The dataset of a message (the beginning of its file name); `more` are parameters that the ingester adds."""
    (file,) = FOLDER.glob(f"{message}-*.xml")
    root = etree.fromstring(file.read_bytes())
    values = {
        str(one.findtext("t:name", namespaces=_NAMESPACE)): one.findtext("t:value", namespaces=_NAMESPACE) or ""
        for one in root.findall("t:parameter", _NAMESPACE)
    }
    given: dict[str, object] = {
        "start": datetime.fromisoformat(_text(root, "startDate")),
        "end": datetime.fromisoformat(_text(root, "endDate")),
        "location": _text(root, "location"),
        "instrument": _text(root, "instrument").upper(),
        "sample_name": _text(root, "sample/t:name"),
        "complete": root.get("complete") == "true",
        "parameters": parameters({**values, **(more or {})}),
    }
    return Dataset(number, _text(root, "name"), **{**given, **facts})  # type: ignore[arg-type]


def _text(root: etree._Element, name: str) -> str:
    return str(root.findtext(f"t:{name}", namespaces=_NAMESPACE))
