"""Text to tree. Results are cached: the same texts come again and again."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import re
import stat
from functools import cache, lru_cache
from importlib import resources
from typing import Any

import lark
from lark import Lark
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken, VisitError
from platformdirs import user_cache_path

from icat_schema.server.errors import IcatError
from icat_schema.server.jpql import tree
from icat_schema.server.jpql.builder import Builder
from icat_schema.server.jpql.complain import bad, bad_at

MAX_LENGTH = 500_000
"""Characters of a query."""
MAX_PARENTHESES = 25
MAX_DEPTH = 60
"""Levels of a tree."""
LONGEST_NAME = 60
"""Characters of a name that are looked at to explain an error."""
CALLED_NAME = re.compile(r"([^\W\d][\w$.]*)\s*\Z")
CACHED_TEXTS = 512
CACHED_LENGTH = 8_192
"""Longer texts are lists of ids, which do not come again."""


@cache
def _lark() -> Lark:
    grammar = resources.files("icat_schema.server.jpql").joinpath("grammar.lark").read_text(encoding="utf-8")
    starts = ["query", "concise", "fetch"]
    return Lark(grammar, parser="lalr", start=starts, transformer=Builder(), cache=_tables(grammar))


def _tables(grammar: str) -> str | bool:
    """The file that keeps the tables of the parser, which take half a second to make. They are pickled: only
    what lies in a folder that nobody else may enter is read. False: there is no such place."""
    try:
        folder = user_cache_path("drac-plugins")
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.lstat()
    except (OSError, RuntimeError):
        return False
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        return False
    version = hashlib.sha256(f"{lark.__version__} {grammar}".encode()).hexdigest()[:16]
    return str(folder / f"jpql-{version}.tables")


def is_select(text: str) -> bool:
    """Whether the text is in the SELECT form: its first word starts with SELECT, in any case."""
    return text.lstrip()[:6].upper() == "SELECT"


def parse_query(text: str) -> tree.Query:
    """A query in the SELECT form. Raises IcatError of type BAD_PARAMETER."""
    query: tree.Query = _parsed(text, "query")
    return query


def parse_concise(text: str) -> tree.Concise:
    """A query in the concise form. Raises IcatError of type BAD_PARAMETER."""
    query: tree.Concise = _parsed(text, "concise")
    return query


def parse_fetch(text: str) -> tree.Fetch:
    """The text of a get call. Raises IcatError of type BAD_PARAMETER."""
    fetch: tree.Fetch = _parsed(text, "fetch")
    return fetch


def _parsed(text: str, start: str) -> Any:
    return _parse_cached(text, start) if len(text) <= CACHED_LENGTH else _parse(text, start)


def _parse(text: str, start: str) -> Any:
    _check_size(text)
    try:
        found = _lark().parse(text, start=start)
    except VisitError as error:
        if isinstance(error.orig_exc, IcatError):
            raise error.orig_exc from None
        raise
    except UnexpectedInput as error:
        raise _explained(error, text) from None
    _check_depth(found)
    return found


_parse_cached = lru_cache(CACHED_TEXTS)(_parse)


def _check_size(text: str) -> None:
    if len(text) > MAX_LENGTH:
        raise bad(f"The query has {len(text)} characters, more than {MAX_LENGTH}: ask in portions.")
    if text.count("(") <= MAX_PARENTHESES:
        return
    depth, quoted = 0, False
    for at, character in enumerate(text):
        if character == "'":
            quoted = not quoted
        elif character == "(" and not quoted:
            depth += 1
            if depth > MAX_PARENTHESES:
                raise bad_at(f"More than {MAX_PARENTHESES} parentheses inside each other", text, at)
        elif character == ")" and not quoted:
            depth -= 1


def _check_depth(root: Any) -> None:
    """Refuse trees that functions which call themselves could not walk. Does not call itself."""
    level, depth = [root], 0
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            raise bad(f"The query is nested more than {MAX_DEPTH} levels deep.")
        level = [child for node in level for child in _children(node)]


def _children(node: Any) -> list[Any]:
    if isinstance(node, tuple):
        return [n for n in node if isinstance(n, tuple) or dataclasses.is_dataclass(n)]
    parts = [getattr(node, name) for name in node.__dataclass_fields__]
    return [p for p in parts if isinstance(p, tuple) or dataclasses.is_dataclass(p)]


def _explained(error: UnexpectedInput, text: str) -> IcatError:
    at = error.pos_in_stream if error.pos_in_stream is not None else len(text)
    if isinstance(error, UnexpectedCharacters):
        if text[at] == "'":
            return bad_at("Unexpected end of string in state INQUOTES: a quote is not closed", text, at)
        hint = ": texts stand in single quotes" if text[at] == '"' else ""
        return bad_at(f"Unexpected character {text[at]!r}{hint}", text, at)
    expected = _expected(error)
    if isinstance(error, UnexpectedToken) and error.token.type == "$END":
        return bad(f"Attempt to read beyond end: the query is not complete, expected {expected}.")
    start = max(0, at - LONGEST_NAME)
    name = CALLED_NAME.search(text[start:at]) if text[at : at + 1] == "(" else None
    if name is not None:
        return bad_at(f"There is no function {name[1]}", text, start + name.start(1))
    return bad_at(f"Expected {expected}, not '{getattr(error, 'token', text[at : at + 1])}'", text, at)


def _expected(error: UnexpectedInput) -> str:
    """What could stand there, in the words of the language."""
    names = getattr(error, "accepts", None) or getattr(error, "expected", None) or ()
    words = {_word(name) for name in names} - {"INTEGER_LIST", "STRING_LIST"}
    listed = sorted(words)
    if len(listed) > 12:
        return "a name, a value or a condition" if "NAME" in words else "something else"
    return " or ".join(listed) if listed else "nothing more"


def _word(terminal: str) -> str:
    signs = {"RPAR": ")", "LPAR": "(", "COMMA": ",", "LSQB": "[", "RSQB": "]", "$END": "the end", "STAR": "*"}
    signs |= {"__ANON_0": "<->", "PLUS": "+", "MINUS": "-", "SLASH": "/", "COMPARISON": "a comparison"}
    return signs.get(terminal, terminal.lstrip("_"))
