"""The JSON messages: one changed parameter, state in the archive, files to be read again."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Literal, NoReturn

from drac_plugins.core.quarantine.aliases import NO_ALIASES, AliasBook
from drac_plugins.core.settings import Settings
from ingest.domain import ArchiveStatus, FileRequest, MetadataUpdate, Request
from ingest.names import normalise_location, place
from ingest.outcome import Reason, Refused
from ingest.values import whole_number

STEP = "parse"
RequestKind = Literal["archive_status", "update_metadata", "datafiles"]
KEYS: Mapping[RequestKind, tuple[str, ...]] = MappingProxyType(
    {
        "archive_status": ("datasetId", "type", "level", "message"),
        "update_metadata": ("proposal", "beamline", "datasetPaths", "metadataName", "metadataValue"),
        "datafiles": ("datasetId",),
    }
)
"""The keys of each message; those of other messages tell it apart."""
_MAY_BE_ABSENT = ("message",)
_LONGEST_NAME = 255
_LONGEST_TEXT = 1024 * 1024
_MOST_PATHS = 5000
_NO_EDITS: Mapping[str, str] = MappingProxyType({})


def parse_request(
    body: bytes,
    kind: RequestKind,
    edits: Mapping[str, str] = _NO_EDITS,
    aliases: AliasBook = NO_ALIASES,
    *,
    serial: int | None = None,
) -> Request:
    """Read one message. `edits`, of an operator, change proposal, beamline and location. Raises Refused with reason
    json, kind, schema, size or values."""
    document = _document(body)
    _check_keys(document, kind)
    if kind == "update_metadata":
        return _update(document, edits, aliases, serial)
    dataset_id = _dataset_id(document["datasetId"])
    if kind == "datafiles":
        return FileRequest(dataset_id)
    text = document.get("message")
    if text is not None and not isinstance(text, str):
        raise _refused("schema", "message: must be text or null")
    if text is not None and len(text) > _LONGEST_TEXT:
        raise _refused("size", f"message: has more than {_LONGEST_TEXT} characters")
    type_, level = document["type"], document["level"]
    if type_ not in ("archiving", "restoration"):
        raise _refused("schema", f"type: {_short(type_)} is neither archiving nor restoration")
    if level not in ("info", "warning", "error"):
        raise _refused("schema", f"level: {_short(level)} is none of info, warning, error")
    return ArchiveStatus(dataset_id, type_, level, text)


def kind_of(body: bytes) -> RequestKind | None:
    """Which message a JSON body is by its keys; None when it is none of them (nor JSON)."""
    try:
        document = _document(body)
    except Refused:
        return None
    return next((kind for kind in KEYS if set(document) == set(KEYS[kind])), None)


def parts(update: MetadataUpdate) -> list[bytes]:
    """Messages about one dataset each, which together say what this one says."""
    return [
        json.dumps(
            {
                "proposal": update.proposal,
                "beamline": update.beamline,
                "datasetPaths": [path],
                "metadataName": update.name,
                "metadataValue": update.value,
            }
        ).encode()
        for path in update.paths
    ]


def location_of(update: MetadataUpdate, settings: Settings) -> str:
    """The normalised location of an update of one dataset. Raises Refused."""
    sent, ingest = update.paths[0], settings.ingest
    location = normalise_location(sent, ingest.mount_prefixes)
    if not location.startswith("/"):
        raise _refused("location", f"{_short(sent)} is not an absolute path")
    found = place(location, ingest.data_roots)
    if found is None or found.scratch:
        roots = ", ".join(ingest.data_roots)
        raise _refused("location", f"{location} does not lie where datasets are registered (below {roots})")
    return location


# ---------------------------------------------------------------------- JSON


def _document(body: bytes) -> dict[str, Any]:
    if not body.strip():
        raise _refused("json", "The message is empty")
    if body.lstrip()[:1] == b"<":
        raise _refused("kind", "The message is XML; this queue carries JSON")
    try:
        document = json.loads(body.decode("utf-8"), parse_constant=_no_constant, object_pairs_hook=_once)
    except UnicodeDecodeError as error:
        raise _refused("json", f"The message is not UTF-8: byte {error.start} is 0x{body[error.start]:02x}") from error
    except RecursionError as error:
        raise _refused("size", "The message nests too deeply") from error
    except ValueError as error:
        raise _refused("json", f"Not well-formed JSON: {str(error)[:200]}") from error
    if not isinstance(document, dict):
        raise _refused("schema", "The message must be a JSON object")
    return document


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise ValueError("a key is there twice")
    return document


def _check_keys(document: Mapping[str, Any], kind: RequestKind) -> None:
    keys = set(KEYS[kind])
    if any(set(document) == set(KEYS[other]) for other in KEYS if other != kind):
        raise _refused("kind", f"This is a message of another queue: its keys are {', '.join(sorted(document))}")
    if missing := keys - set(document) - set(_MAY_BE_ABSENT):
        raise _refused("schema", f"Missing: {', '.join(sorted(missing))}")
    if unknown := set(document) - keys:
        raise _refused("schema", f"Unknown: {', '.join(_short(key) for key in sorted(unknown)[:5])}")


def _dataset_id(value: object) -> int:
    number = value if isinstance(value, int) and not isinstance(value, bool) else None
    if isinstance(value, str):
        number = whole_number(value)
    if number is None or not 0 < number < 2**63:
        raise _refused("schema", f"datasetId: {_short(value)} is not the id of a dataset")
    return number


# ---------------------------------------------------------------------- one parameter


def _update(
    document: Mapping[str, Any], edits: Mapping[str, str], aliases: AliasBook, serial: int | None
) -> MetadataUpdate:
    proposal, beamline = (_text(document, name) for name in ("proposal", "beamline"))
    edits = {**aliases.edits(proposal, beamline, None), **edits}
    name = _text(document, "metadataName").strip()
    if not name or len(name) > _LONGEST_NAME or not name.isprintable():
        raise _refused("values", f"metadataName: {_short(name)} cannot be the name of a parameter")
    paths = (edits["location"],) if edits.get("location") else _paths(document["datasetPaths"])
    value = _value(document["metadataValue"])
    return MetadataUpdate(
        (edits.get("proposal") or proposal).strip(),
        (edits.get("beamline") or beamline).strip(),
        paths,
        name,
        value,
        serial,
    )


def _text(document: Mapping[str, Any], key: str) -> str:
    value = document[key]
    if not isinstance(value, str) or not value.strip():
        raise _refused("schema", f"{key}: must be text and not empty")
    if len(value) > _LONGEST_NAME:
        raise _refused("size", f"{key}: has more than {_LONGEST_NAME} characters")
    return value


def _paths(value: object) -> tuple[str, ...]:
    given = value.split(",") if isinstance(value, str) else value
    if not isinstance(given, list) or not all(isinstance(path, str) for path in given):
        raise _refused("schema", "datasetPaths: must be a list of paths")
    found = tuple(dict.fromkeys(path.strip() for path in given if path.strip()))
    if not found:
        raise _refused("schema", "datasetPaths: is empty")
    if len(found) > _MOST_PATHS or any(len(path) > 4096 for path in found):
        raise _refused("size", f"datasetPaths: more than {_MOST_PATHS} paths, or one of more than 4096 characters")
    return found


def _value(value: object) -> str:
    """Numbers and truth values as producers write them in XML."""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = repr(value) if isinstance(value, int | float) else value
    if not isinstance(text, str) or text == "":
        raise _refused("schema", "metadataValue: must be text and not empty")
    if len(text) > _LONGEST_TEXT:
        raise _refused("size", f"metadataValue: has more than {_LONGEST_TEXT} characters")
    if "\0" in text:
        raise _refused("values", "metadataValue: contains a NUL character")
    return text


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _refused(reason: Reason, text: str) -> Refused:
    return Refused(reason, text, STEP)
