"""Tree to text, such that parsing the text gives the same tree."""

from __future__ import annotations

from collections.abc import Iterable

from icat_schema.server.jpql import tree
from icat_schema.server.jpql.tree import Condition, Select, Value


def print_query(query: tree.Query) -> str:
    """A query in the SELECT form, on one line."""
    parts = [print_select(query.select)]
    if query.order_by:
        parts.append("ORDER BY " + ", ".join(_order(o) for o in query.order_by))
    parts += _include(query.include)
    if query.limit is not None:
        count = "*" if query.limit.count is None else str(query.limit.count)
        parts.append(f"LIMIT {query.limit.offset}, {count}")
    return " ".join(parts)


def print_fetch(fetch: tree.Fetch) -> str:
    """The text of a get call."""
    return " ".join((fetch.entity, *((fetch.variable,) if fetch.variable else ()), *_include(fetch.include)))


def print_select(select: Select) -> str:
    parts = ["SELECT", *(("DISTINCT",) if select.distinct else ()), _values(select.items)]
    first, *rest = select.ranges
    parts += ["FROM", _first_range(first), *(_range(r) for r in rest)]
    if select.where is not None:
        parts += ["WHERE", print_condition(select.where)]
    if select.group_by:
        parts += ["GROUP BY", _values(select.group_by)]
    if select.having is not None:
        parts += ["HAVING", print_condition(select.having)]
    return " ".join(parts)


def print_value(value: Value) -> str:
    match value:
        case tree.Arithmetic(operator, left, right):
            return f"{_left(left, operator)} {operator} {_right(right, operator)}"
        case tree.Negated(operand):
            return f"- {_factor(operand)}"
        case tree.Call(name, arguments):
            return f"{name}({_values(arguments)})"
        case tree.Trim(operand, side, character):
            return f"TRIM({side} {_quoted(character)} FROM {print_value(operand)})"
        case tree.Size(path):
            return f"SIZE({path.name})"
        case tree.Aggregate(name, operand, distinct):
            return f"{name}({'DISTINCT ' if distinct else ''}{print_value(operand)})"
        case tree.ScalarSelect(select):
            return f"({print_select(select)})"
    return _literal(value)


def _literal(value: Value) -> str:
    match value:
        case tree.Path(name) | tree.Current(name):
            return name
        case tree.Text(text):
            return _quoted(text)
        case tree.Number(number):
            return repr(number)
        case tree.Truth(truth):
            return "TRUE" if truth else "FALSE"
        case tree.Timestamp(moment):
            return f"{{ts {moment:%Y-%m-%d %H:%M:%S}}}" if moment.year > 999 else f"{{ts {moment.isoformat(' ')}}}"
        case tree.Constant(enumeration, name):
            return f"org.icatproject.{enumeration}.{name}"
        case tree.Parameter(name):
            return f":{name}"
        case tree.Slot(_, literal):
            return _literal(literal)
        case tree.SlotList(_, literals):
            return ", ".join(_literal(literal) for literal in literals)
    return "NULL"


def print_condition(condition: Condition) -> str:
    match condition:
        case tree.Or(parts):
            return " OR ".join(_inside(p, tree.Or) for p in parts)
        case tree.And(parts):
            return " AND ".join(_inside(p, tree.Or, tree.And) for p in parts)
        case tree.Not(part):
            return f"NOT {_inside(part, tree.Or, tree.And)}"
        case tree.Comparison(operator, left, right):
            return f"{print_value(left)} {operator} {print_value(right)}"
        case tree.Quantified(operator, left, quantifier, select):
            return f"{print_value(left)} {operator} {quantifier} ({print_select(select)})"
        case tree.Exists(select):
            return f"EXISTS ({print_select(select)})"
    return _test(condition)


def _test(condition: Condition) -> str:
    """The predicates that may have NOT inside."""
    match condition:
        case tree.Between(value, low, high, negated):
            return f"{print_value(value)}{_not(negated)} BETWEEN {print_value(low)} AND {print_value(high)}"
        case tree.Like(value, pattern, escape, negated):
            ending = "" if escape is None else f" ESCAPE {_quoted(escape)}"
            return f"{print_value(value)}{_not(negated)} LIKE {print_value(pattern)}{ending}"
        case tree.InValues(value, values, negated):
            return f"{print_value(value)}{_not(negated)} IN ({_values(values)})"
        case tree.InSelect(value, select, negated):
            return f"{print_value(value)}{_not(negated)} IN ({print_select(select)})"
        case tree.IsNull(value, negated):
            return f"{print_value(value)} IS{_not(negated)} NULL"
        case tree.IsEmpty(path, negated):
            return f"{print_value(path)} IS{_not(negated)} EMPTY"
        case tree.MemberOf(value, path, negated):
            return f"{print_value(value)}{_not(negated)} MEMBER OF {path.name}"
    raise TypeError(f"{condition!r} is no condition")


def _inside(part: Condition, *weaker: type[Condition]) -> str:
    return f"({print_condition(part)})" if isinstance(part, weaker) else print_condition(part)


def _not(negated: bool) -> str:
    return " NOT" if negated else ""


def _left(value: Value, operator: str) -> str:
    loose = isinstance(value, tree.Arithmetic) and operator in "*/" and value.operator in "+-"
    return f"({print_value(value)})" if loose else print_value(value)


def _right(value: Value, operator: str) -> str:
    loose = isinstance(value, tree.Arithmetic) and (operator in "*/" or value.operator in "+-")
    return f"({print_value(value)})" if loose else print_value(value)


def _factor(value: Value) -> str:
    return f"({print_value(value)})" if isinstance(value, tree.Arithmetic) else print_value(value)


def _values(values: Iterable[Value]) -> str:
    return ", ".join(print_value(v) for v in values)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _order(order: tree.Order) -> str:
    return print_value(order.value) + (" DESC" if order.descending else "")


def _first_range(range_: tree.Range | tree.Join) -> str:
    return f"{range_.path.name if isinstance(range_, tree.Join) else range_.source} {range_.variable}"


def _range(range_: tree.Range | tree.Join) -> str:
    if isinstance(range_, tree.Range):
        return f", {range_.source} {range_.variable}"
    return f"{'LEFT ' if range_.outer else ''}JOIN {range_.path.name} {range_.variable}"


def _include(include: tree.Include | None) -> list[str]:
    if include is None:
        return []
    if isinstance(include, tree.IncludeOne):
        return ["INCLUDE 1"]
    return ["INCLUDE " + ", ".join(f"{s.path.name} {s.variable}" if s.variable else s.path.name for s in include)]
