"""Links of a display: templates filled with percent-encoded values; only https and relative addresses come out."""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

from displays.parts import Link
from displays.readings import applies, is_null, raw_text
from displays.records import Dataset

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


def placeholders(template: str) -> list[str]:
    """Names in braces, in order."""
    return _PLACEHOLDER.findall(template)


def is_allowed(address: str) -> bool:
    """https with a host, or a path, query or fragment of this site; no other scheme, no control character."""
    if not address or "\\" in address or any(ord(c) <= 32 or ord(c) == 127 for c in address):
        return False
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    if parts.scheme:
        return parts.scheme == "https" and bool(parts.hostname) and "@" not in parts.netloc
    return not parts.netloc and not address.startswith("//") and ":" not in address.split("/")[0]


def fill(link: Link, dataset: Dataset) -> str | None:
    """The address for a dataset; None if the condition does not hold, a value is missing or the result is refused. A
    template that is one placeholder takes a whole address from the dataset, under the same rules."""
    template = link.url or ""
    if link.when is not None and not applies(link.when, dataset, None, None):
        return None
    names = placeholders(template)
    values = {name: _value(dataset, name) for name in names}
    if any(value is None for value in values.values()):
        return None
    if names and template == "{" + names[0] + "}":
        address = (values[names[0]] or "").strip()
    else:
        address = _PLACEHOLDER.sub(lambda match: quote(values[match[1]] or "", safe=""), template)
    return address if is_allowed(address) else None


def _value(dataset: Dataset, name: str) -> str | None:
    facts = {
        "id": dataset.id,
        "name": dataset.name,
        "location": dataset.location,
        "sampleId": dataset.sample_id,
        "sampleName": dataset.sample_name,
        "investigationId": dataset.investigation_id,
        "instrumentName": dataset.instrument or dataset.investigation_instrument,
    }
    fact = facts.get(name, dataset.fields.get(name))
    if fact is not None:
        return str(fact)
    text = raw_text(dataset, name)
    return None if text is None or is_null(text) else text
