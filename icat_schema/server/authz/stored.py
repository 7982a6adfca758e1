"""The rules and public steps in the database that count for one caller.

They are read for every call, in the transaction of the call: a change is effective at once, whoever made it, in
whichever process. Only what follows from a rule's text alone is kept in memory.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from sqlalchemy import CompoundSelect, Connection, bindparam, false, select, true, union_all

from icat_schema.server.authz.meaning import DerivedRule, derive
from icat_schema.server.caller import Caller
from icat_schema.server.errors import IcatError
from icat_schema.server.jpql.compile_values import USER
from icat_schema.server.store.columns import text
from icat_schema.server.store.tables import table

log = logging.getLogger(__name__)

Access = Literal["C", "R", "U", "D"]


@dataclass(frozen=True, slots=True)
class StoredRule:
    """A rule that counts for the caller. `for_everybody`: it has no group."""

    meaning: DerivedRule
    for_everybody: bool

    @property
    def opens_every_object(self) -> bool:
        """Whether it lets read every object of its entity without a look at the object. What is for everybody and has
        no WHERE makes the entity public, whatever its joins."""
        return self.meaning.bare or (self.for_everybody and not self.meaning.restricted)


def applicable(
    connection: Connection, caller: Caller, entities: Collection[str], access: Access
) -> Iterator[StoredRule]:
    """The rules on these entities with this flag, for everybody or for a group of the caller."""
    for what, for_everybody in connection.execute(_texts(access), {USER: caller.user_name}).all():
        try:
            meaning = derive(what)
        except IcatError as error:
            # Rules are checked when they are stored; one that came another way gives nobody anything.
            log.warning("rule without meaning: %s (%s)", what, error.message)
            continue
        if meaning.entity in entities and (access == "U" or meaning.attribute is None):
            yield StoredRule(meaning, for_everybody)


def public_steps(connection: Connection) -> set[tuple[str, str]]:
    """(entity, relation) pairs that anybody may include."""
    steps = table("PublicStep")
    return {(origin, field) for origin, field in connection.execute(select(steps.c.origin, steps.c.field))}


@cache
def _texts(access: Access) -> CompoundSelect[Any]:
    """The texts of all rules with this flag that count for the caller, and whether they are for everybody.

    Two selects, because each finds its rules by the index on the group; with OR the databases would read them all.
    """
    rules, groups, users = table("Rule"), table("UserGroup"), table("User")
    flagged = rules.c.crudFlags.like(f"%{access}%")
    own_groups = (
        select(groups.c.grouping_id)
        .join(users, users.c.id == groups.c.user_id)
        .where(users.c.name == bindparam(USER, type_=text(None)))
    )
    return union_all(
        select(rules.c.what, true()).where(flagged, rules.c.grouping_id.is_(None)),
        select(rules.c.what, false()).where(flagged, rules.c.grouping_id.in_(own_groups)),
    )
