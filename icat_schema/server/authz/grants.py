"""What a caller may read of an entity."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from icat_schema.server.authz.stored import StoredRule


@dataclass(frozen=True, slots=True)
class Grant:
    """What rules give one caller on one entity: everything, or the objects for which one of the rule texts holds.

    `joined`: searches see everything, but only because a group of the caller has a rule with joins and without WHERE.
    Where objects are looked at one by one, as in includes, the joins count.
    """

    everything: bool
    rules: tuple[str, ...] = ()
    joined: bool = False

    @property
    def nothing(self) -> bool:
        return not self.everything and not self.rules

    def one_by_one(self) -> Grant:
        """What it gives on the objects that an INCLUDE leads to."""
        return Grant(everything=False, rules=self.rules) if self.joined else self


Grants = Mapping[str, Grant]

EVERYTHING = Grant(everything=True)


def granted(rules: Iterable[StoredRule]) -> Grant:
    """What these rules, all about reading the same entity, give together."""
    found = list(rules)
    if any(rule.opens_every_object for rule in found):
        return EVERYTHING
    joined = any(not rule.meaning.restricted for rule in found)
    return Grant(everything=joined, rules=tuple(sorted({rule.meaning.what for rule in found})), joined=joined)
