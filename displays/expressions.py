"""Arithmetic over parameters: parsed once into a tree of our own, then computed; nothing is ever evaluated."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

MAX_LENGTH = 500
_SIGNS = str.maketrans({"×": "*", "÷": "/", "−": "-", "·": "*"})
_OPERATORS: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
}
FUNCTIONS = ("min", "max", "abs", "round", "coalesce")


@dataclass(frozen=True, slots=True)
class Number:
    value: float


@dataclass(frozen=True, slots=True)
class Parameter:
    name: str


@dataclass(frozen=True, slots=True)
class Operation:
    operator: type[ast.operator]
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Call:
    function: str
    arguments: tuple[Node, ...]


Node = Number | Parameter | Operation | Call


@dataclass(frozen=True, slots=True)
class Expression:
    """A parsed expression; `names` are the parameters it needs, in order of appearance."""

    root: Node
    names: tuple[str, ...]

    def compute(self, values: Mapping[str, float | None]) -> float | None:
        """The result, or None when a value is missing, a divisor is zero or the result is not finite."""
        result = _compute(self.root, values)
        return result if result is not None and math.isfinite(result) else None


@lru_cache(maxsize=512)
def parse(text: str) -> Expression:
    """Read an expression of numbers, parameter names, + - * / (or × ÷ −), brackets, min, max, abs, round, coalesce.
    Raises ValueError that says what is not allowed."""
    if len(text) > MAX_LENGTH:
        raise ValueError(f"the expression is longer than {MAX_LENGTH} characters")
    try:
        root = _convert(ast.parse(text.translate(_SIGNS).strip(), mode="eval").body)
    except (SyntaxError, RecursionError, MemoryError) as error:
        raise ValueError(f"{text!r} is not an expression: {error}") from error
    names: dict[str, None] = {}
    _collect(root, names)
    return Expression(root, tuple(names))


def _convert(node: ast.expr) -> Node:
    match node:
        case ast.Constant(value=bool()):
            raise ValueError("True and False have no place in an expression")
        case ast.Constant(value=int() | float() as value):
            return Number(_finite(value))
        case ast.Name(id=name):
            return Parameter(name)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return Operation(ast.Sub, Number(0.0), _convert(operand))
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return _convert(operand)
        case ast.BinOp(left=left, op=operator, right=right) if type(operator) in _OPERATORS:
            return Operation(type(operator), _convert(left), _convert(right))
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in FUNCTIONS:
            return _call(name, arguments)
    raise ValueError(
        f"{ast.unparse(node)!r} is not allowed; use numbers, parameter names, + - * / and {', '.join(FUNCTIONS)}"
    )


def _finite(value: float) -> float:
    try:
        number = float(value)
    except OverflowError as error:
        raise ValueError("a number is too large") from error
    if not math.isfinite(number):
        raise ValueError("a number is too large")
    return number


def _call(name: str, arguments: list[ast.expr]) -> Call:
    wanted = {"abs": (1, 1), "round": (1, 2)}.get(name, (1, 50))
    if not wanted[0] <= len(arguments) <= wanted[1]:
        raise ValueError(f"{name} takes {wanted[0]} to {wanted[1]} values")
    converted = tuple(map(_convert, arguments))
    if name == "round" and len(converted) == 2 and not isinstance(converted[1], Number):
        raise ValueError("the second value of round must be a number")
    return Call(name, converted)


def _collect(node: Node, names: dict[str, None]) -> None:
    match node:
        case Parameter(name):
            names[name] = None
        case Operation(_, left, right):
            _collect(left, names)
            _collect(right, names)
        case Call(_, arguments):
            for argument in arguments:
                _collect(argument, names)


def _compute(node: Node, values: Mapping[str, float | None]) -> float | None:
    match node:
        case Number(value):
            return value
        case Parameter(name):
            return values.get(name)
        case Operation(operator, left, right):
            a, b = _compute(left, values), _compute(right, values)
            if a is None or b is None or (operator is ast.Div and b == 0):
                return None
            return _OPERATORS[operator](a, b)
        case Call(function, arguments):
            return _apply(function, [_compute(argument, values) for argument in arguments])


def _apply(function: str, values: list[float | None]) -> float | None:
    if function == "coalesce":
        return next((value for value in values if value is not None), None)
    given = [value for value in values if value is not None]
    if len(given) != len(values) or not all(map(math.isfinite, given)):
        return None
    match function:
        case "min":
            return min(given)
        case "max":
            return max(given)
        case "abs":
            return abs(given[0])
    digits = int(max(-15.0, min(15.0, given[1]))) if len(given) > 1 else 0
    return float(round(given[0], digits))
