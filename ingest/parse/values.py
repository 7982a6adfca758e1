"""Values of parameters: root values repeated as parameters, and repairs of known defects of producers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

INPUTS = "input_datasets"
_FEWEST_CHARACTERS = 4


@dataclass(frozen=True, slots=True)
class RootValue:
    """A value of the root that readers expect as the parameter `name` too. `same` tells whether the parameter's text
    means the same; `exact`: it has to be the same text."""

    name: str
    text: str
    same: Callable[[str], bool]
    exact: bool = False


def with_root_values(
    parameters: tuple[tuple[str, str], ...], roots: tuple[RootValue, ...]
) -> tuple[tuple[tuple[str, str], ...], list[str]]:
    """The parameters with root values in force: added where they are missing, put right where they differ (the root
    wins), and the sentences about what differed."""
    wanted = {root.name: root for root in roots}
    kept: list[tuple[str, str]] = []
    warnings: list[str] = []
    for name, value in parameters:
        root = wanted.pop(name, None)
        if root is None:
            kept.append((name, value))
            continue
        same = root.same(value)
        if not same:
            warnings.append(
                f"Parameter {name} says {_short(value)}, the message itself {_short(root.text)}: the latter"
            )
        kept.append((name, value if same and not root.exact else root.text))
    kept += [(root.name, root.text) for root in wanted.values()]
    return tuple(kept), warnings


def _short(text: str) -> str:
    return repr(text if len(text) <= 80 else text[:77] + "...")


def repaired_inputs(value: str) -> tuple[str, str | None]:
    """The declared inputs and, when it was repaired, a sentence about it.

    A producer that gives a plain text where a list is expected sends its characters joined by commas: `/,d,a,t,a`.
    """
    every_second = value[1::2]
    characters = (len(value) + 1) // 2
    if characters >= _FEWEST_CHARACTERS and len(value) % 2 and every_second.strip(",") == "":
        joined = value[::2]
        return joined, f"{INPUTS} came as single characters joined by commas; read as {_short(joined)}"
    return value, None


def input_paths(value: str) -> tuple[str, ...]:
    """Items between commas, in order, without blanks around them and without repetitions."""
    items = (item.strip() for item in value.split(","))
    return tuple(dict.fromkeys(item for item in items if item))
