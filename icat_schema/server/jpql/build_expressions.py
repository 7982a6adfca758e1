"""From the rules of grammar.lark for conditions and values to the records of tree.py."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

from lark import Token, Transformer, v_args

from icat_schema.server.jpql import tree
from icat_schema.server.jpql.complain import bad
from icat_schema.server.jpql.tree import Condition, Path, Select, Value

MAX_INTEGER = 2**63 - 1
MAX_TERMS = 500
"""Conditions in one chain of AND or OR."""
MAX_TEXTS = 10_000
"""Text literals in one IN list."""

CONDITIONS = (
    tree.Or,
    tree.And,
    tree.Not,
    tree.Comparison,
    tree.Quantified,
    tree.Between,
    tree.Like,
    tree.InValues,
    tree.InSelect,
    tree.IsNull,
    tree.IsEmpty,
    tree.MemberOf,
    tree.Exists,
)
ARGUMENTS = {"CONCAT": (2, 20), "SUBSTRING": (2, 3), "LOCATE": (2, 3), "MOD": (2, 2)}
TIMESTAMP = re.compile(r"\{ts +(\d{4}-\d{2}-\d{2}) +(\d{2}:\d{2}:\d{2})\}", re.IGNORECASE)
LISTED_TEXT = re.compile(r"'((?:[^']|'')*)'")
ENUMERATION_PREFIX = "org.icatproject."


def value(node: Any) -> Value:
    """The node where only a value may stand."""
    if isinstance(node, CONDITIONS):
        raise bad("A condition stands where a value is expected: comparisons cannot be compared or calculated with.")
    return cast(Value, node)


def condition(node: Any) -> Condition:
    """The node where only a condition may stand."""
    if isinstance(node, CONDITIONS):
        return node
    name = f"'{node.name}'" if isinstance(node, Path) else "a value"
    raise bad(f"The expression is not a valid conditional expression: {name} alone is no condition, compare it.")


def checked_text(text: str) -> str:
    """The text, if a database can hold it."""
    if "\x00" in text or any("\ud800" <= c <= "\udfff" for c in text):
        raise bad("Text literals must not contain the character NUL or half characters.")
    return text


def unquoted(token: str) -> str:
    return checked_text(token[1:-1].replace("''", "'"))


def whole_number(token: str) -> int:
    # Not int(token) first: very long numbers are costly to convert.
    if len(token.lstrip("-0")) > len(str(MAX_INTEGER)) or abs(int(token)) > MAX_INTEGER:
        raise bad(f"The number {token[:25]} is too large.")
    return int(token)


def compared_with(sign: str) -> tree.ComparisonOperator:
    return cast(tree.ComparisonOperator, "<>" if sign == "!=" else str(sign))


def way(name: Token) -> Path:
    """A path where no constant may stand."""
    return Path(str(name), name.start_pos or 0)


@v_args(inline=True)
class ExpressionBuilder(Transformer[Token, Any]):
    """Called by the parser for every rule as soon as it is complete."""

    # Conditions ------------------------------------------------------------------------------------------------

    def or_expr(self, *nodes: Any) -> Any:
        return nodes[0] if len(nodes) == 1 else tree.Or(_conditions(nodes))

    def and_expr(self, *nodes: Any) -> Any:
        return nodes[0] if len(nodes) == 1 else tree.And(_conditions(nodes))

    def negation(self, node: Any) -> tree.Not:
        return tree.Not(condition(node))

    def comparison(self, left: Any, operator: Token, right: Any) -> tree.Comparison:
        return tree.Comparison(compared_with(operator), value(left), value(right))

    def quantified(self, left: Any, operator: Token, quantifier: Token, select: Select) -> tree.Quantified:
        return tree.Quantified(compared_with(operator), value(left), cast(Any, quantifier.type), select)

    def between(self, node: Any, negated: Token | None, low: Any, high: Any) -> tree.Between:
        return tree.Between(value(node), value(low), value(high), negated is not None)

    def like(self, node: Any, negated: Token | None, pattern: Any, escape: Token | None) -> tree.Like:
        character = None if escape is None else unquoted(escape)
        if character is not None and len(character) != 1:
            raise bad(f"ESCAPE takes one character, not '{character}'.")
        return tree.Like(value(node), value(pattern), character, negated is not None)

    def in_values(self, node: Any, negated: Token | None, values: tuple[Value, ...]) -> tree.InValues:
        return tree.InValues(value(node), values, negated is not None)

    def integer_list(self, token: Token) -> tuple[Value, ...]:
        # The digits are found by the database's own limits, not by the parser: see whole_number.
        return tuple(tree.Number(whole_number(part.strip()), token.start_pos or 0) for part in token[1:-1].split(","))

    def string_list(self, token: Token) -> tuple[Value, ...]:
        texts = [checked_text(m.group(1).replace("''", "'")) for m in LISTED_TEXT.finditer(token)]
        if len(texts) > MAX_TEXTS:
            raise bad(f"An IN list must not have more than {MAX_TEXTS} texts: ask in portions.")
        return tuple(tree.Text(t) for t in texts)

    def expression_list(self, *nodes: Any) -> tuple[Value, ...]:
        if len(nodes) > MAX_TERMS:
            raise bad(f"An IN list of other things than numbers or texts must not have more than {MAX_TERMS} parts.")
        return tuple(value(n) for n in nodes)

    def in_select(self, node: Any, negated: Token | None, select: Select) -> tree.InSelect:
        return tree.InSelect(value(node), select, negated is not None)

    def is_null(self, node: Any, negated: Token | None) -> tree.IsNull:
        return tree.IsNull(value(node), negated is not None)

    def is_empty(self, node: Any, negated: Token | None) -> tree.IsEmpty:
        return tree.IsEmpty(value(node), negated is not None)

    def member_of(self, node: Any, negated: Token | None, path: Token) -> tree.MemberOf:
        return tree.MemberOf(value(node), way(path), negated is not None)

    def exists(self, select: Select) -> tree.Exists:
        return tree.Exists(select)

    # Values ----------------------------------------------------------------------------------------------------

    def path(self, name: Token) -> Any:
        if name.startswith(ENUMERATION_PREFIX):
            parts = name.split(".")
            if len(parts) != 4:
                raise bad(f"An enumeration constant is written org.icatproject.<type>.<constant>, not {name}.")
            return tree.Constant(parts[2], parts[3], name.start_pos or 0)
        return way(name)

    def string(self, token: Token) -> tree.Text:
        return tree.Text(unquoted(token), token.start_pos or 0)

    def integer(self, token: Token) -> tree.Number:
        return tree.Number(whole_number(token), token.start_pos or 0)

    def real(self, token: Token) -> tree.Number:
        number = float(token)
        if not math.isfinite(number):
            raise bad(f"The number {token[:25]} is too large.")
        return tree.Number(number, token.start_pos or 0)

    def timestamp(self, token: Token) -> tree.Timestamp:
        match = TIMESTAMP.fullmatch(token)
        try:
            if match is not None:
                return tree.Timestamp(datetime.fromisoformat(" ".join(match.groups())), token.start_pos or 0)
        except ValueError:
            pass  # 31 June
        raise bad(f"Timestamp {token} is not of form {{ts yyyy-mm-dd hh:mm:ss}}.")

    def parameter(self, token: Token) -> tree.Parameter:
        return tree.Parameter(str(token[1:]), token.start_pos or 0)

    def true(self, token: Token) -> tree.Truth:
        return tree.Truth(True, token.start_pos or 0)

    def false(self, token: Token) -> tree.Truth:
        return tree.Truth(False, token.start_pos or 0)

    def null(self, token: Token) -> tree.Null:
        return tree.Null(token.start_pos or 0)

    def current(self, token: Token) -> tree.Current:
        return tree.Current(cast(Any, token.type), token.start_pos or 0)

    def arithmetic(self, left: Any, operator: Token, right: Any) -> tree.Arithmetic:
        return tree.Arithmetic(cast(Any, str(operator)), value(left), value(right))

    def negate(self, _minus: Token, node: Any) -> Value:
        if isinstance(node, tree.Number):
            return tree.Number(-node.value)  # made: the literal in the text is another
        return tree.Negated(value(node))

    def plus(self, _plus: Token, node: Any) -> Value:
        return value(node)

    def call(self, function: Token, *arguments: Any) -> tree.Call:
        least, most = ARGUMENTS.get(function.type, (1, 1))
        if not least <= len(arguments) <= most:
            raise bad(f"{function.type} takes {least} to {most} arguments, not {len(arguments)}.")
        return tree.Call(function.type, tuple(value(a) for a in arguments), function.start_pos or 0)

    def trim(self, node: Any) -> tree.Trim:
        return tree.Trim(value(node))

    def trim_side(self, side: Token, character: Token | None, node: Any) -> tree.Trim:
        return tree.Trim(value(node), cast(Any, side.type), " " if character is None else _trimmed(character))

    def trim_character(self, character: Token, node: Any) -> tree.Trim:
        return tree.Trim(value(node), "BOTH", _trimmed(character))

    def size(self, path: Token) -> tree.Size:
        return tree.Size(way(path))

    def aggregate(self, function: Token, distinct: Token | None, node: Any) -> tree.Aggregate:
        return tree.Aggregate(cast(Any, function.type), value(node), distinct is not None, function.start_pos or 0)

    def scalar_select(self, select: Select) -> tree.ScalarSelect:
        return tree.ScalarSelect(select)


def _conditions(nodes: Sequence[Any]) -> tuple[Condition, ...]:
    if len(nodes) > MAX_TERMS:
        raise bad(f"More than {MAX_TERMS} conditions in one chain: use IN, or ask in portions.")
    return tuple(condition(n) for n in nodes)


def _trimmed(token: Token) -> str:
    character = unquoted(token)
    if len(character) != 1:
        raise bad(f"TRIM takes one character, not '{character}'.")
    return character
