"""The language of a text: words, "phrases", beginnings*, AND, OR, NOT, + and -, parentheses.

Words that stand side by side without an operator are alternatives, as in Lucene, which ICAT uses.
"""

from __future__ import annotations

import re
import string
from dataclasses import dataclass
from typing import NoReturn

from icat_schema.server.errors import IcatError

MAX_TERMS = 64
MAX_DEPTH = 20
SEPARATORS = string.punctuation
"""What parts words, beside white space: the same in every database, so that all give one answer."""

_TO_BLANKS = str.maketrans(SEPARATORS, " " * len(SEPARATORS))
TOKEN = re.compile(r'\s*(?:(?P<sign>[()]|[+-](?=\S))|"(?P<phrase>[^"]*)"|(?P<word>[^\s()"]+))')


@dataclass(frozen=True, slots=True)
class Term:
    """Words that follow each other; with `prefix` the last one is only the beginning of a word."""

    words: tuple[str, ...]
    prefix: bool = False


@dataclass(frozen=True, slots=True)
class Every:
    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Some:
    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Without:
    part: Node


Node = Term | Every | Some | Without


def parse(text: str) -> Node:
    """Raises IcatError of type BAD_PARAMETER, also for a text without any word that should be there."""
    return _Parser(text).whole()


def positive_terms(node: Node) -> list[Term]:
    """The terms that speak for an object."""
    if isinstance(node, Term):
        return [node]
    if isinstance(node, Without):
        return []
    return [term for part in node.parts for term in positive_terms(part)]


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._next = 0
        self._terms = 0

    def whole(self) -> Node:
        found = self._clauses(0)
        if self._next < len(self._tokens):
            _refuse(f"nothing can follow {self._tokens[self._next]}")
        if not positive_terms(found):
            _refuse("it has no word to look for")
        return found

    def _clauses(self, depth: int) -> Node:
        """Alternatives; those marked by + or - are demanded or forbidden in any case."""
        if depth > MAX_DEPTH:
            _refuse(f"parentheses are nested more than {MAX_DEPTH} times")
        wanted: list[Node] = []
        demanded: list[Node] = []
        while self._peek() not in (None, ")"):
            if self._accept("OR"):
                continue
            mark = "+" if self._accept("+") else "-" if self._accept("-") else ""
            found = self._conjunction(depth)
            if mark == "-":
                demanded.append(Without(found))
            elif mark == "+" or isinstance(found, Without):
                demanded.append(found)
            else:
                wanted.append(found)
        if demanded and any(not isinstance(part, Without) for part in demanded):
            return Every(tuple(demanded))  # what is wanted beside it only adds to the score, which we do without
        some = Some(tuple(wanted)) if len(wanted) != 1 else wanted[0]
        return Every((some, *demanded)) if demanded else some

    def _conjunction(self, depth: int) -> Node:
        parts = [self._negation(depth)]
        while self._accept("AND") or self._accept("&&"):
            parts.append(self._negation(depth))
        return parts[0] if len(parts) == 1 else Every(tuple(parts))

    def _negation(self, depth: int) -> Node:
        if self._accept("NOT") or self._accept("!"):
            return Without(self._negation(depth + 1) if depth < MAX_DEPTH else _refuse("there are too many NOT"))
        if self._accept("("):
            found = self._clauses(depth + 1)
            if not self._accept(")"):
                _refuse("a parenthesis is not closed")
            return found
        return self._term()

    def _term(self) -> Node:
        token = self._peek()
        if token is None or token in ("AND", "OR", "NOT", ")", "&&"):
            _refuse("a word is missing")
        self._next += 1
        self._terms += 1
        if self._terms > MAX_TERMS:
            _refuse(f"it has more than {MAX_TERMS} words")
        prefix = token.endswith("*") and not token.startswith('"')
        words = tuple(token.lower().translate(_TO_BLANKS).split())
        if "*" in token[:-1] or "?" in token:
            _refuse("only the end of a word may be left open, by *")
        return Term(words, prefix) if words else Some(())

    def _peek(self) -> str | None:
        return self._tokens[self._next] if self._next < len(self._tokens) else None

    def _accept(self, token: str) -> bool:
        found = self._peek() == token
        self._next += found
        return found


def _tokens(text: str) -> list[str]:
    """Words and signs; phrases keep their opening quote, so that they are no operators."""
    tokens, position, rest = [], 0, text.rstrip()
    while position < len(rest):
        found = TOKEN.match(rest, position)
        if found is None:
            _refuse("a quote is not closed")
        tokens.append(f'"{found["phrase"]}' if found["phrase"] is not None else found["sign"] or found["word"])
        position = found.end()
    return tokens


def _refuse(reason: str) -> NoReturn:
    raise IcatError("BAD_PARAMETER", f"The text cannot be searched for: {reason}")
