"""The header of a table: `Entity(field:column, relation(key:column, …), …)`, or `?:column` for a local name."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from icat_schema.definitions import Attribute, Entity, ToOne
from icat_schema.definitions import schema as icat
from icat_schema.server.errors import IcatError
from icat_schema.server.rest.requests import entity_named

HEADER = re.compile(r"\s*[A-Za-z_]\w*\s*\(")
TOKEN = re.compile(r"\s*(?:(?P<name>[A-Za-z_]\w*)|(?P<sign>[?:(),])|(?P<number>\d{1,6})(?!\w))")
LOCAL_NAME = "?"
MAX_COLUMN = 10_000


@dataclass(slots=True)
class Reference:
    """Where the key of a related object is: columns of its attributes, references of its relations, or the column with
    its local name. `first` is the column that is NULL when there is no such object."""

    entity: Entity
    first: int
    attributes: dict[str, int] = field(default_factory=dict)
    relations: dict[str, Reference] = field(default_factory=dict)
    local_name: int | None = None


@dataclass(slots=True)
class Table:
    """What the columns of the following rows are. `width` is the number of cells that a row needs."""

    entity: Entity
    attributes: dict[str, int] = field(default_factory=dict)
    relations: dict[str, Reference] = field(default_factory=dict)
    local_name: int | None = None
    width: int = 0


def is_header(line: str) -> bool:
    """A row cannot look like this: no cell is followed by a parenthesis."""
    return HEADER.match(line) is not None


def read_header(line: str) -> Table:
    """Raises IcatError of type BAD_PARAMETER."""
    return _Parser(line).table()


class _Parser:
    """Recursive descent; how deep it goes is bounded by the unique keys of the schema."""

    def __init__(self, line: str) -> None:
        self._tokens = _tokens(line)
        self._next = 0
        self._width = 0

    def table(self) -> Table:
        made = Table(entity_named(self._take()))
        self._expect("(")
        while not self._accept(")"):
            self._field(made)
            self._accept(",")  # may be missing
        if self._next < len(self._tokens):
            raise _bad(f"Nothing is expected after the header, not {self._tokens[self._next]}")
        made.width = self._width
        return made

    def _field(self, made: Table) -> None:
        name = self._take()
        if name == LOCAL_NAME:
            if made.entity.unique_key:
                raise _bad(f"{made.entity.name} has a key and needs no local name")
            made.local_name = self._column()
            return
        if name in made.attributes or name in made.relations:
            raise _bad(f"Field {name} of {made.entity.name} occurs twice")
        found = made.entity.fields.get(name)
        if isinstance(found, Attribute):
            made.attributes[name] = self._column()
        elif isinstance(found, ToOne):
            made.relations[name] = self._reference(icat().entities[found.target])
        else:
            raise _bad(f"Field {name} not found in {made.entity.name}")

    def _reference(self, entity: Entity) -> Reference:
        made = Reference(entity, first=-1)
        self._expect("(")
        while not self._accept(")"):
            column = self._key_part(made, self._take())
            made.first = column if made.first < 0 else made.first
            self._accept(",")
        missing = set(entity.unique_key) - made.attributes.keys() - made.relations.keys()
        if made.local_name is None and (missing or not entity.unique_key):
            raise _bad(f"The key of {entity.name} needs {', '.join(sorted(missing)) or LOCAL_NAME}")
        return made

    def _key_part(self, made: Reference, name: str) -> int:
        """Read the column of one part of the key and return it, or the first one of a relation."""
        entity = made.entity
        if name == LOCAL_NAME and not entity.unique_key:
            made.local_name = self._column()
            return made.local_name
        if name not in entity.unique_key:
            raise _bad(f"Field {name} is not in the key of {entity.name}")
        if name in made.attributes or name in made.relations:
            raise _bad(f"Field {name} of {entity.name} occurs twice")
        relation = entity.to_one(name)
        if relation is None:
            made.attributes[name] = self._column()
            return made.attributes[name]
        made.relations[name] = self._reference(icat().entities[relation.target])
        return made.relations[name].first

    def _column(self) -> int:
        self._expect(":")
        text = self._take()
        if not text.isdigit() or int(text) > MAX_COLUMN:
            raise _bad(f"Expected the number of a column, not {text}")
        self._width = max(self._width, int(text) + 1)
        return int(text)

    def _take(self) -> str:
        if self._next >= len(self._tokens):
            raise _bad("The header ends too early")
        self._next += 1
        return self._tokens[self._next - 1]

    def _accept(self, sign: str) -> bool:
        found = self._next < len(self._tokens) and self._tokens[self._next] == sign
        self._next += found
        return found

    def _expect(self, sign: str) -> None:
        found = self._take()
        if found != sign:
            raise _bad(f"Expected {sign} in the header, not {found}")


def _tokens(line: str) -> list[str]:
    tokens, position, text = [], 0, line.rstrip()
    while position < len(text):
        found = TOKEN.match(text, position)
        if found is None:
            raise _bad(f"Unexpected character {text[position:].lstrip()[0]!r} in the header")
        tokens.append(found.group().strip())
        position = found.end()
    return tokens


def _bad(text: str) -> IcatError:
    return IcatError("BAD_PARAMETER", text)
