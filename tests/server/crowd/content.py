"""What a catalogue holds, read from its dump, and whether it is what the clients of a crowd were told."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lxml import etree

from tests.server.crowd.client import FILES
from tests.server.crowd.journal import Call

HEAD = re.compile(rb"<head>.*?</head>", re.DOTALL)
EXPECTED = {
    "VALIDATION",
    "NO_SUCH_OBJECT_FOUND",
    "OBJECT_ALREADY_EXISTS",
    "BAD_PARAMETER",
    "ICATValidationError",
    "ICATNoObjectError",
    "ICATObjectExistsError",
    "ICATParameterError",
}
"""What mistakes may be called; everything else is a fault of the server."""


@dataclass
class Content:
    """Names of datasets and DOIs of collections, with how often each occurs, and the number of datafiles."""

    names: Counter[str] = field(default_factory=Counter)
    datafiles: int = 0


def read_dump(path: Path) -> Content:
    found = Content()
    for _, element in etree.iterparse(path, tag=("dataset", "datafile", "dataCollection")):
        if element.getparent().tag != "data":
            continue
        if element.tag == "datafile":
            found.datafiles += 1
        else:
            found.names[element.findtext("name") or element.findtext("doi")] += 1
        element.clear()
    return found


def same_dumps(first: Path, second: Path) -> bool:
    """Whether two dumps say the same, but for where and when they were made."""
    return HEAD.sub(b"", first.read_bytes()) == HEAD.sub(b"", second.read_bytes())


def half_done(content: Content, calls: Iterable[Call]) -> Iterator[str]:
    """Calls of which only a part is in the catalogue, in whatever state the calls are."""
    for call in calls:
        stored = sum(name in content.names for name in call.names)
        if not call.contested and 0 < stored < len(call.names):
            yield f"half of a call is stored: {stored} of {call.names}"


def differences(content: Content, clients: Mapping[int, Mapping[int, Call]]) -> list[str]:
    """How the catalogue differs from what the clients know, when all is quiet."""
    calls = [call for own in clients.values() for call in own.values()]
    found = [f"'{name}' is stored {count} times" for name, count in content.names.items() if count > 1]
    found += half_done(content, calls)
    for call in calls:
        found += _broken_promises(content, call)
    found += _contested(content, calls)
    known = {name for call in calls for name in call.names}
    found += [f"nobody created '{name}'" for name in content.names if name not in known]
    datasets = sum(count for name, count in content.names.items() if not _is_collection(name, clients))
    if content.datafiles != FILES * datasets:
        found.append(f"{content.datafiles} datafiles of {datasets} datasets")
    return found


def _broken_promises(content: Content, call: Call) -> Iterator[str]:
    if call.outcome == "stored" and not all(name in content.names for name in call.names):
        yield f"lost although it was confirmed: {call}"
    if call.outcome == "refused" and not call.contested and any(name in content.names for name in call.names):
        yield f"stored although it was refused: {call}"
    if call.outcome == "stored" and call.wrong:
        yield f"accepted although it is wrong: {call}"
    if call.outcome == "refused" and call.type not in EXPECTED:
        yield f"refused with a fault of the server: {call}"
    if call.outcome == "refused" and not call.wrong and not call.contested:
        yield f"refused although it is right: {call}"


def _contested(content: Content, calls: Iterable[Call]) -> Iterator[str]:
    """Of all who create the same one wins."""
    tried: dict[str, Counter[str]] = {}
    for call in calls:
        if call.contested:
            tried.setdefault(call.names[0], Counter())[call.outcome] += 1
    for name, outcomes in tried.items():
        winners = outcomes["stored"] + (outcomes["unknown"] > 0 and name in content.names and not outcomes["stored"])
        if winners != (name in content.names):
            yield f"'{name}' was won {outcomes['stored']} times, stored: {name in content.names}"


def _is_collection(name: str, clients: Mapping[int, Mapping[int, Call]]) -> bool:
    if name.startswith("shared-"):
        return False
    client, number = name.removeprefix("c").split("-")[:2]
    return clients[int(client)][int(number)].kind == "collection"
