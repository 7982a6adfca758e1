"""How symmetric a space group is: operators of its point group, centring left out."""

from __future__ import annotations

import re
from functools import lru_cache

_GROUPS = {
    1: "P1",
    2: "P2 P21 C2 I2 A2 B2 P121 P1211 C121 I121 A121 B112 P112 P1121 C112 A112 I112 P211 P2111 B2 B21",
    3: "P3 P31 P32 R3 H3",
    4: "P222 P2221 P2122 P2212 P21212 P22121 P21221 P212121 C222 C2221 A222 A2122 B222 B2212 F222 I222 I212121 "
    "P4 P41 P42 P43 I4 I41",
    6: "P312 P321 P3112 P3121 P3212 P3221 R32 H32 P6 P61 P62 P63 P64 P65",
    8: "P422 P4212 P4122 P41212 P4222 P42212 P4322 P43212 I422 I4122",
    12: "P622 P6122 P6222 P6322 P6422 P6522 P23 F23 I23 P213 I213",
    24: "P432 P4232 F432 F4132 I432 P4332 P4132 I4132",
}
_BY_SYMBOL = {symbol: operators for operators, symbols in _GROUPS.items() for symbol in symbols.split()}
_LAST_NUMBER = {1: 1, 5: 2, 24: 4, 80: 4, 98: 8, 146: 3, 155: 6, 173: 6, 182: 12, 199: 12, 214: 24}
_FIRST_NUMBER = {1: 1, 3: 5, 16: 24, 75: 80, 89: 98, 143: 146, 149: 155, 168: 173, 177: 182, 195: 199, 207: 214}


@lru_cache(maxsize=512)
def operators(space_group: str) -> int:
    """Number of symmetry operators without centring, from a Hermann-Mauguin symbol in any usual spelling (blanks,
    brackets and the origin after a colon do not matter) or a number of the International Tables. Unknown is 0."""
    text = space_group.split(":")[0]
    symbol = re.sub(r"[\s()_]+", "", text).upper()
    if symbol.isdecimal() and len(symbol) <= 3:
        number = int(symbol)
        return next((_LAST_NUMBER[last] for first, last in _FIRST_NUMBER.items() if first <= number <= last), 0)
    return _BY_SYMBOL.get(symbol, 0)
