"""The cells of a row: strings, numbers, truth values, timestamps, names of constants, NULL and NA."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NoReturn
from zoneinfo import ZoneInfo

from icat_schema.definitions import Attribute, schema
from icat_schema.server.dates import from_port
from icat_schema.server.errors import IcatError

Kind = Literal["string", "integer", "real", "timestamp", "boolean", "name", "null", "na"]

CELL = re.compile(
    r"""[ \t]*(?:"(?P<string>[^"\\]*(?:\\.[^"\\]*)*)"|(?P<word>[^,"\s]+))[ \t]*(?P<end>,|$)""",
    re.DOTALL,
)
ESCAPE = re.compile(r"\\(.)", re.DOTALL)
ESCAPED = {"t": "\t", "r": "\r", "n": "\n", "f": "\f", "b": "\b", '"': '"', "'": "'", "\\": "\\"}
INTEGER = re.compile(r"[+-]?\d{1,19}")
REAL = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,4})?")
TIMESTAMP_LIKE = re.compile(r"\d{4}-\d\d-\d\d")
NAME = re.compile(r"[A-Za-z_]\w*")
BOUNDS = {"Long": 2**63, "Integer": 2**31}
SHOWN_LENGTH = 100


@dataclass(frozen=True, slots=True)
class Cell:
    """One value as it is written; `text` without quotes and escapes."""

    kind: Kind
    text: str

    @property
    def is_null(self) -> bool:
        return self.kind in ("null", "na")


def read_cells(line: str) -> list[Cell]:
    """The cells of a row. Raises IcatError of type BAD_PARAMETER."""
    cells = []
    position = 0
    while True:
        found = CELL.match(line, position)
        if found is None:
            shown = line[position : position + SHOWN_LENGTH].strip()
            raise IcatError(
                "BAD_PARAMETER", f"Expected a value followed by a comma or the end of the line, not {shown!r}"
            )
        cells.append(_cell(found))
        position = found.end()
        if not found["end"]:
            return cells


def _cell(found: re.Match[str]) -> Cell:
    if found["string"] is not None:
        text = found["string"]
        return Cell("string", ESCAPE.sub(_unescaped, text) if "\\" in text else text)
    word: str = found["word"]
    return Cell(_kind(word), word)


def _unescaped(found: re.Match[str]) -> str:
    character = ESCAPED.get(found[1])
    if character is None:
        raise IcatError("BAD_PARAMETER", f"Unknown escape \\{found[1]} in a string")
    return character


def _kind(word: str) -> Kind:
    upper = word.upper()
    if upper == "NULL":
        return "null"
    if upper == "NA":
        return "na"
    if upper in ("TRUE", "FALSE"):
        return "boolean"
    if INTEGER.fullmatch(word):
        return "integer"
    if TIMESTAMP_LIKE.match(word):
        return "timestamp"
    if REAL.fullmatch(word):
        return "real"
    if NAME.fullmatch(word):
        return "name"
    raise IcatError("BAD_PARAMETER", f"{word[:SHOWN_LENGTH]!r} is not a value")


def attribute_value(attribute: Attribute, cell: Cell, zone: ZoneInfo) -> Any:
    """The cell as a value of the attribute; a timestamp without offset is local time. Raises IcatError of type
    BAD_PARAMETER."""
    if cell.is_null:
        return None
    match attribute.type:
        case "String":
            return cell.text if cell.kind == "string" else _refuse(attribute, cell, "a string in double quotes")
        case "Long" | "Integer":
            return _integer(attribute, cell)
        case "Double":
            return _real(attribute, cell)
        case "Boolean":
            return cell.text.upper() == "TRUE" if cell.kind == "boolean" else _refuse(attribute, cell, "true or false")
        case "Date":
            return _date(attribute, cell, zone)
        case _:
            return _constant(attribute, cell)


def _integer(attribute: Attribute, cell: Cell) -> int:
    bound = BOUNDS[attribute.type]
    number = int(cell.text) if cell.kind == "integer" else bound
    if not -bound <= number < bound:
        _refuse(attribute, cell, f"an integer of type {attribute.type}")
    return number


def _real(attribute: Attribute, cell: Cell) -> float:
    number = float(cell.text) if cell.kind in ("integer", "real") else float("inf")
    if number in (float("inf"), float("-inf")):
        _refuse(attribute, cell, "a finite number")
    return number


def _date(attribute: Attribute, cell: Cell, zone: ZoneInfo) -> datetime:
    if cell.kind != "timestamp":
        _refuse(attribute, cell, "a timestamp")
    try:
        return from_port(cell.text, zone)
    except ValueError:
        text = (
            f"Timestamp {cell.text[:SHOWN_LENGTH]} is not of required form yyyy-mm-ddThh:mm:ss with an optional offset"
        )
        raise IcatError("BAD_PARAMETER", text) from None


def _constant(attribute: Attribute, cell: Cell) -> str:
    constants = schema().enums[attribute.type]
    if cell.kind != "name" or cell.text not in constants:
        _refuse(attribute, cell, f"one of {', '.join(constants)}")
    return cell.text


def _refuse(attribute: Attribute, cell: Cell, wanted: str) -> NoReturn:
    raise IcatError("BAD_PARAMETER", f"Field {attribute.name} must be {wanted}, not {cell.text[:SHOWN_LENGTH]!r}")
