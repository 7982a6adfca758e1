"""Paths as the published clients write them.

One WSGI layer in front of the app makes up for three habits of Express on which clients rely: the fixed parts of a path
ignore letter case, a trailing slash does not matter, and an encoded slash belongs to the variable it stands in (a WSGI
server decodes it before routing). The layer splits the raw path first and decodes afterwards.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes, urlsplit

from flask import Flask
from werkzeug.exceptions import BadRequest
from werkzeug.routing import BaseConverter, Map, Rule

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_SLASH = "\ue02f"  # private-use character that stands for an encoded slash between this layer and the converters
_SLASH_BYTES = _SLASH.encode()
_ANY = ""  # key of the branch that stands for a variable
_REST = "/"  # key of the branch that swallows everything that follows
_LARGEST_ID = 2**63 - 1
FORBIDDEN_CHARACTERS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
"""Characters that XML, and so ICAT, cannot carry."""


class TextConverter(BaseConverter):
    """A variable of any text but none; an encoded slash arrives as a slash."""

    part_isolating = True
    regex = "[^/]+"

    def to_python(self, value: str) -> str:
        text = value.replace(_SLASH, "/")
        if FORBIDDEN_CHARACTERS.search(text):
            raise BadRequest("The path contains a control character")
        return text

    def to_url(self, value: object) -> str:
        return super().to_url(value).replace("/", "%2F")


class IdConverter(TextConverter):
    """One ICAT identifier; anything else is answered 400, not 404: the client asked a question that makes no sense."""

    def to_python(self, value: str) -> int:  # type: ignore[override]  # a converter may return any type
        return identifier(super().to_python(value))


class IdsConverter(TextConverter):
    """ICAT identifiers with commas between them, in the order given, each once."""

    def to_python(self, value: str) -> tuple[int, ...]:  # type: ignore[override]
        return tuple(dict.fromkeys(identifier(part) for part in super().to_python(value).split(",") if part.strip()))

    def to_url(self, value: object) -> str:
        ids: Iterable[object] = value if isinstance(value, tuple | list) else (value,)
        return ",".join(str(id_) for id_ in ids)


def identifier(text: str) -> int:
    """An ICAT identifier from its decimal text. Raises BadRequest (400)."""
    stripped = text.strip()
    if not (stripped.isascii() and stripped.isdigit()) or len(stripped) > 19 or int(stripped) > _LARGEST_ID:
        raise BadRequest(f"{text[:40]!r} is not an identifier; expected a whole number such as 4711")
    return int(stripped)


@dataclass(slots=True)
class _Node:
    """A place in the tree of known paths. `spelling` is that of the fixed segment; `ends`: whether rules that end here
    have a trailing slash (perhaps both kinds); empty: none ends here."""

    spelling: str = ""
    ends: set[bool] = field(default_factory=set)
    branches: dict[str, _Node] = field(default_factory=dict)

    def branch(self, key: str, spelling: str = "") -> _Node:
        return self.branches.setdefault(key, _Node(spelling))


class PathLayer:
    """The WSGI layer. Learns the fixed segments from the app's URL map when the first request arrives."""

    def __init__(self, app: WSGIApplication, url_map: Map) -> None:
        self._app = app
        self._map = url_map
        self._root: _Node | None = None

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if self._root is None:
            self._root = _tree(self._map.iter_rules())
        segments, slash = _segments(environ)
        known = _match(self._root, segments, 0)
        if known is not None:
            segments, ends = known
            slash = slash if slash in ends else next(iter(ends))
        path = "/" + "/".join(segments)
        environ["PATH_INFO"] = path + "/" if slash and segments else path
        return self._app(environ, start_response)


def install(app: Flask) -> None:
    """Put the layer around the app and teach its URL map our variables: `<name>`, `<id:name>`, `<ids:name>`."""
    app.url_map.converters.update(default=TextConverter, string=TextConverter, id=IdConverter, ids=IdsConverter)
    app.wsgi_app = PathLayer(app.wsgi_app, app.url_map)  # type: ignore[method-assign]


def _segments(environ: WSGIEnvironment) -> tuple[list[str], bool]:
    """Decoded segments (as latin-1 text, the way WSGI wants it) and whether a slash ends the path."""
    path = _raw_path(environ)
    if path is None:
        parts = environ.get("PATH_INFO", "").split("/")
        return [part for part in parts if part], parts[-1] == ""
    parts = path.split("/")
    return [_decode(part) for part in parts if part], parts[-1] == ""


def _raw_path(environ: WSGIEnvironment) -> str | None:
    """The path as it was sent; None where the server does not tell, or below a prefix (which RAW_URI includes)."""
    raw: str = environ.get("RAW_URI") or environ.get("REQUEST_URI") or ""
    if not raw or environ.get("SCRIPT_NAME"):
        return None
    if raw.startswith("/"):
        return raw.partition("?")[0].partition("#")[0]
    try:
        return urlsplit(raw).path
    except ValueError:  # such as http://[::1
        return None


def _decode(segment: str) -> str:
    return unquote_to_bytes(segment).replace(b"/", _SLASH_BYTES).decode("latin-1")


def _tree(rules: Iterable[Rule]) -> _Node:
    root = _Node()
    for rule in rules:
        parts = rule.rule.split("/")
        node = root
        for part in (part for part in parts if part):
            if part.startswith("<path:"):
                node = node.branch(_REST)
                break
            node = node.branch(_ANY) if "<" in part else node.branch(part.lower(), part)
        node.ends.add(parts[-1] == "")
    return root


def _match(node: _Node, segments: list[str], position: int) -> tuple[list[str], set[bool]] | None:
    """The segments in the spelling of the rule that fits, fixed ones before variables; None when no rule fits."""
    if position == len(segments):
        return (segments, node.ends) if node.ends else None
    segment = segments[position]
    for key in (segment.lower(), _ANY):
        branch = node.branches.get(key)
        found = _match(branch, segments, position + 1) if branch else None
        if branch and found:
            spelled, ends = found
            return ([*spelled[:position], branch.spelling or segment, *spelled[position + 1 :]], ends)
    return (segments, {False}) if _REST in node.branches else None
