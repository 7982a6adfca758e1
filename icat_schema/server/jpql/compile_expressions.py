"""Values and conditions of one SELECT, in SQL."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import (
    ColumnElement,
    Double,
    Select,
    and_,
    cast,
    distinct,
    exists,
    false,
    func,
    not_,
    or_,
    select,
)

from icat_schema.server.jpql import tree
from icat_schema.server.jpql.compile_functions import (
    Lowered,
    Octets,
    Uppered,
    among,
    like,
    locate,
    quotient,
    remainder,
    square_root,
    substring,
    trimmed,
)
from icat_schema.server.jpql.compile_scope import EntityRef, FieldRef, ManyRef, Scope
from icat_schema.server.jpql.compile_values import LITERALS, NUMBERS, Literals, Typed, sql_type
from icat_schema.server.jpql.complain import bad
from icat_schema.server.jpql.printer import print_value
from icat_schema.server.jpql.tree import Condition, Value
from icat_schema.server.store.tables import occurrence, relation_column

OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
ORDER_OPERATORS = ("<", "<=", ">", ">=")


class Selects(Protocol):
    """Compiles the SELECT inside a condition of this scope."""

    def __call__(self, node: tree.Select, scope: Scope) -> SubSelect: ...


@dataclass(frozen=True, slots=True)
class SubSelect:
    """`statement` has one column, `item`; `grouped`: a condition on the item belongs into HAVING, `aggregated`: the
    whole gives exactly one row."""

    statement: Select[Any]
    item: Typed
    grouped: bool
    aggregated: bool


class Expressions:
    """Compiles within one scope. `aggregates`: whether COUNT and its kin may stand there."""

    def __init__(self, scope: Scope, literals: Literals, selects: Selects) -> None:
        self._scope = scope
        self._literals = literals
        self._selects = selects
        self._in_aggregate = False

    # Values ------------------------------------------------------------------------------------------------------

    def value(self, node: Value, wanted: str | None = None) -> Typed:
        """The value; a literal takes the wanted type."""
        if isinstance(node, LITERALS):
            return self._literals.value(node, wanted)
        match node:
            case tree.Path():
                return self._path(node)
            case tree.Arithmetic():
                return self._arithmetic(node)
            case tree.Negated(operand):
                number = self._number(operand)
                return Typed(-number.sql, number.type)
            case tree.Call():
                return self._call(node)
            case tree.Trim(operand, side, character):
                return Typed(trimmed(self._text(operand), side, character), "String")
            case tree.Size(path):
                return self._size(path)
            case tree.Aggregate():
                return self._aggregate(node)
            case tree.ScalarSelect(inner):
                found = self._selects(inner, self._scope)
                return Typed(found.statement.scalar_subquery(), found.item.type)
        raise TypeError(f"{node!r} is no value")

    def entity_or_field(self, path: tree.Path) -> EntityRef | FieldRef:
        ref = self._scope.resolve(path)
        if isinstance(ref, ManyRef):
            raise bad(f"{path.name} is a to-many relation: JOIN it, or use IS EMPTY, SIZE or MEMBER OF in a condition.")
        return ref

    def _path(self, path: tree.Path) -> Typed:
        ref = self.entity_or_field(path)
        if isinstance(ref, FieldRef):
            return Typed(ref.column, ref.attribute.type, ref.nullable)
        return Typed(ref.id, ref.entity.name, ref.nullable)

    def _number(self, node: Value) -> Typed:
        value = self.value(node)
        if value.type not in NUMBERS:
            raise bad(f"{print_value(node)} is no number.")
        return value

    def _text(self, node: Value) -> ColumnElement[Any]:
        value = self.value(node, "String")
        if value.type != "String":
            raise bad(f"{print_value(node)} is no text.")
        return value.sql

    def _whole(self, node: Value) -> ColumnElement[Any]:
        value = self._number(node)
        if value.type == "Double":
            raise bad(f"{print_value(node)} is no whole number.")
        return value.sql

    def _arithmetic(self, node: tree.Arithmetic) -> Typed:
        left, right = self._number(node.left), self._number(node.right)
        if node.operator == "/":
            return Typed(quotient(left.sql, right.sql), "Double")
        operation = {"+": operator.add, "-": operator.sub, "*": operator.mul}[node.operator]
        type_ = "Double" if "Double" in (left.type, right.type) else "Long"
        return Typed(operation(left.sql, right.sql), type_)

    def _call(self, node: tree.Call) -> Typed:
        arguments = node.arguments
        match node.name:
            case "UPPER":
                return Typed(Uppered(self._text(arguments[0])), "String")
            case "LOWER":
                return Typed(Lowered(self._text(arguments[0])), "String")
            case "LENGTH":
                # In bytes, as the original answers on MariaDB.
                return Typed(Octets(self._text(arguments[0])), "Integer")
            case "ABS":
                number = self._number(arguments[0])
                return Typed(func.abs(number.sql, type_=sql_type(number.type)), number.type)
            case "SQRT":
                return Typed(square_root(self._number(arguments[0]).sql), "Double")
            case "MOD":
                return Typed(remainder(self._whole(arguments[0]), self._whole(arguments[1])), "Long")
            case "CONCAT":
                first, *rest = (self._text(a) for a in arguments)
                for part in rest:
                    first = first.concat(part)
                return Typed(first, "String")
            case "SUBSTRING":
                numbers = (self._whole(a) for a in arguments[1:])
                return Typed(substring(self._text(arguments[0]), *numbers), "String")
        start = self._whole(arguments[2]) if len(arguments) > 2 else None
        return Typed(locate(self._text(arguments[0]), self._text(arguments[1]), start), "Integer")

    def _size(self, path: tree.Path) -> Typed:
        rows, condition = self._members(path)
        counted = select(func.count(rows.c.id)).where(condition).correlate(*self._scope.visible_tables())
        return Typed(counted.scalar_subquery(), "Long", nullable=False)

    def _aggregate(self, node: tree.Aggregate) -> Typed:
        if self._in_aggregate:
            raise bad(f"{node.name} inside another aggregate is not possible.")
        self._in_aggregate = True
        try:
            operand = self.value(node.operand)
        finally:
            self._in_aggregate = False
        return aggregated(node, operand)

    # Conditions --------------------------------------------------------------------------------------------------

    def condition(self, node: Condition) -> ColumnElement[bool]:
        match node:
            case tree.Or(parts):
                return or_(*(self.condition(p) for p in parts)).self_group()
            case tree.And(parts):
                return and_(*(self.condition(p) for p in parts)).self_group()
            case tree.Not(part):
                return not_(self.condition(part))
            case tree.Comparison(sign, left, right):
                return self._comparison(sign, left, right)
            case tree.Quantified():
                return self._quantified(node)
            case tree.Exists(inner):
                return self._exists(self._selects(inner, self._scope).statement)
        return _negated(self._test(node), getattr(node, "negated", False))

    def _test(self, node: Condition) -> ColumnElement[bool]:
        match node:
            case tree.Between(value, low, high):
                return and_(self._comparison(">=", value, low), self._comparison("<=", value, high)).self_group()
            case tree.Like(value, pattern, escape):
                return self._like(value, pattern, escape)
            case tree.InValues(value, values):
                return self._in_values(value, values)
            case tree.InSelect(value, inner):
                found = self._selects(inner, self._scope)
                left = self.value(value, found.item.type)
                _must_fit(left, found.item, "IN")
                return left.sql.in_(found.statement)
            case tree.IsNull(value):
                return self.value(value).sql.is_(None)
            case tree.IsEmpty(path):
                return not_(self._exists_member(path))
            case tree.MemberOf(value, path):
                return self._member(value, path)
        raise TypeError(f"{node!r} is no condition")

    def _comparison(self, sign: str, left: Value, right: Value) -> ColumnElement[bool]:
        for one, other in ((left, right), (right, left)):
            if isinstance(one, tree.Null):
                if sign not in ("=", "<>"):
                    raise bad("NULL can only be compared with = and <>: use IS NULL.")
                return _negated(self.value(other).sql.is_(None), sign == "<>")
        first, second = self._pair(left, right)
        _must_fit(first, second, sign)
        compared: ColumnElement[bool] = OPERATORS[sign](first.sql, second.sql)
        return compared

    def _pair(self, left: Value, right: Value) -> tuple[Typed, Typed]:
        """Both sides; a literal on one side takes the type of the other."""
        if isinstance(left, LITERALS) and not isinstance(right, LITERALS):
            second = self.value(right)
            return self.value(left, second.type), second
        first = self.value(left)
        return first, self.value(right, first.type)

    def _like(self, value: Value, pattern: Value, escape: str | None) -> ColumnElement[bool]:
        subject = self._text(value)
        if escape is None and isinstance(pattern, tree.Text) and "\\" not in pattern.value:
            return subject.like(self._text(pattern))
        return like(subject, self._text(pattern), escape)

    def _in_values(self, node: Value, values: Sequence[Value]) -> ColumnElement[bool]:
        value = self.value(node) if not isinstance(node, LITERALS) else self._pair(node, values[0])[0]
        if isinstance(values[0], tree.SlotList):
            if value.type in ("Long", "Integer"):
                return value.sql.in_(self._literals.numbers(values[0]))
            values = values[0].literals
        numbers = [v.value for v in values if isinstance(v, tree.Number) and isinstance(v.value, int)]
        if value.type in ("Long", "Integer") and len(numbers) == len(values):
            return among(value.sql, numbers)
        if all(isinstance(v, LITERALS) for v in values):
            found = [self._literals.value(v, value.type) for v in values]
            return value.sql.in_([f.sql for f in found])
        return or_(false(), *(self._comparison("=", node, v) for v in values)).self_group()

    def _quantified(self, node: tree.Quantified) -> ColumnElement[bool]:
        """ANY as "there is a row which …", ALL as "there is no row which does not …": SQLite has neither."""
        found = self._selects(node.select, self._scope)
        left = self.value(node.left, found.item.type)
        _must_fit(left, found.item, node.operator)
        if found.aggregated:
            only: ColumnElement[bool] = OPERATORS[node.operator](left.sql, found.statement.scalar_subquery())
            return only
        holds: ColumnElement[bool] = OPERATORS[node.operator](left.sql, found.item.sql)
        wanted = holds if node.quantifier == "ANY" else or_(not_(holds), holds.is_(None))
        rows = found.statement.having(wanted) if found.grouped else found.statement.where(wanted)
        return _negated(self._exists(rows), node.quantifier == "ALL")

    @staticmethod
    def _exists(statement: Select[Any]) -> ColumnElement[bool]:
        return exists(statement)

    def _members(self, path: Value) -> tuple[Any, ColumnElement[bool]]:
        """The table behind a to-many relation, and what makes its rows members."""
        ref = self._scope.resolve(path) if isinstance(path, tree.Path) else None
        if not isinstance(ref, ManyRef):
            raise bad(f"{print_value(path)} is not a to-many relation.")
        rows = occurrence(ref.relation.target)
        return rows, rows.c[relation_column(ref.relation.inverse)] == ref.owner.id

    def _exists_member(self, path: Value) -> ColumnElement[bool]:
        rows, condition = self._members(path)
        found = select(rows.c.id).where(condition).correlate(*self._scope.visible_tables())
        return self._exists(found)

    def _member(self, value: Value, path: tree.Path) -> ColumnElement[bool]:
        left = self.value(value)
        rows, condition = self._members(path)
        target = rows.element.name
        if left.type != target:
            raise bad(f"{print_value(value)} cannot be a member of {path.name}, which holds objects of type {target}.")
        found = select(rows.c.id).where(condition, rows.c.id == left.sql)
        return self._exists(found.correlate(*self._scope.visible_tables()))


def aggregated(node: tree.Aggregate, operand: Typed) -> Typed:
    """The aggregate of a value. Raises IcatError when it has none of values of this type."""
    inner = distinct(operand.sql) if node.distinct else operand.sql
    if node.name == "COUNT":
        return Typed(func.count(inner), "Long", nullable=False)
    if node.name in ("MIN", "MAX"):
        if operand.is_entity or operand.type == "Boolean":
            raise bad(f"{node.name} is not possible for {operand.type}.")
        function = func.min if node.name == "MIN" else func.max
        return Typed(function(inner, type_=sql_type(operand.type)), operand.type)
    if operand.type not in NUMBERS:
        raise bad(f"{node.name} is only possible for numbers, not for {operand.type}.")
    if node.name == "AVG":
        return Typed(cast(func.avg(inner), Double), "Double")
    type_ = "Double" if operand.type == "Double" else "Long"
    return Typed(cast(func.sum(inner), sql_type(type_)), type_)


def _must_fit(left: Typed, right: Typed, sign: str) -> None:
    if left.family != right.family:
        raise bad(f"A value of type {left.type} and one of type {right.type} cannot be compared.")
    if left.is_entity and sign in ORDER_OPERATORS:
        raise bad(f"Objects ({left.type}) have no order: compare an attribute.")


def _negated(condition: ColumnElement[bool], negated: bool) -> ColumnElement[bool]:
    return not_(condition) if negated else condition
