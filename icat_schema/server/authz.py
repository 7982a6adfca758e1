"""Who may do what: ICAT's rules, public tables and public steps.

Rules and memberships are read from the database for every call, in the transaction of the call: a change is effective
at once, whoever made it, in whichever process. Only what follows from a rule's text alone is kept in memory.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, Literal
from zoneinfo import ZoneInfo

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Select,
    bindparam,
    false,
    or_,
    select,
    true,
)

from icat_schema.definitions import Entity, schema
from icat_schema.server.caller import Caller
from icat_schema.server.errors import IcatError
from icat_schema.server.jpql import tree
from icat_schema.server.jpql.compile_functions import among
from icat_schema.server.jpql.compile_rule import rule_condition
from icat_schema.server.jpql.compile_scope import EntityRef, Scope
from icat_schema.server.jpql.compile_values import NOW, TODAY, USER
from icat_schema.server.jpql.complain import bad
from icat_schema.server.jpql.concise import translate
from icat_schema.server.jpql.dates import midnight
from icat_schema.server.jpql.parser import is_select, parse_concise, parse_query
from icat_schema.server.store.columns import text
from icat_schema.server.store.tables import table

log = logging.getLogger(__name__)

Access = Literal["C", "R", "U", "D"]

CACHED_RULES = 10_000
PORTION = 5_000
"""Ids in one statement."""


@dataclass(frozen=True, slots=True)
class DerivedRule:
    """What follows from a rule's text. `attribute`: it is only about this field.

    `restricted`: it has a WHERE part; one without lets searches see every object of the entity, as in the original.
    `bare`: it has no joins either, so that it holds for every single object, too.
    """

    what: str
    entity: str
    attribute: str | None
    restricted: bool
    joined: bool
    select: tree.Select

    @property
    def bare(self) -> bool:
        return not self.restricted and not self.joined


@dataclass(frozen=True, slots=True)
class Grant:
    """What rules give one caller on one entity: everything, or the objects for which one of the rule texts holds."""

    everything: bool
    rules: tuple[str, ...] = ()


Grants = Mapping[str, Grant]

EVERYTHING = Grant(everything=True)


class Rules:
    """The rules as they are in the database at the moment of a call. `zone`: of the dates in their texts."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone

    # Single objects ----------------------------------------------------------------------------------------------

    def allowed(
        self, connection: Connection, caller: Caller, entity: str, ids: Collection[int], access: Access
    ) -> set[int]:
        """Those of the ids that the caller has this access to. For root and for unrestricted rules these are all ids,
        whether the objects exist or not."""
        if caller.is_root:
            return set(ids)
        rules = [r for r in self._applicable(connection, caller, (entity,), access) if r.attribute is None]
        return self._among(connection, caller, entity, ids, rules)

    def allowed_fields(self, connection: Connection, caller: Caller, entity: str, id_: int) -> set[str]:
        """The fields of one object that attribute rules let the caller change."""
        if caller.is_root:
            definition = schema().entities[entity]
            return {a.name for a in definition.attributes} | {r.name for r in definition.one}
        fields: set[str] = set()
        for rule in self._applicable(connection, caller, (entity,), "U"):
            if (
                rule.attribute is not None
                and rule.attribute not in fields
                and self._among(connection, caller, entity, (id_,), (rule,))
            ):
                fields.add(rule.attribute)
        return fields

    def _among(
        self, connection: Connection, caller: Caller, entity: str, ids: Collection[int], rules: Iterable[DerivedRule]
    ) -> set[int]:
        """The ids for which one of the rules holds."""
        rest = sorted(set(ids))
        conditions = []
        for rule in rules:
            if rule.bare:
                return set(rest)
            conditions.append(rule)
        allowed: set[int] = set()
        if conditions:
            rows = table(entity)
            holds = or_(*(self._condition(r, rows.c.id, rows) for r in conditions))
            for start in range(0, len(rest), PORTION):
                portion = rest[start : start + PORTION]
                statement = select(rows.c.id).where(among(rows.c.id, portion), holds)
                allowed.update(connection.execute(statement, self.parameters(caller)).scalars())
        return allowed

    # Searches ----------------------------------------------------------------------------------------------------

    def grants(self, connection: Connection, caller: Caller, entities: Collection[str]) -> Grants:
        """What the caller may read of each of these entities."""
        if caller.is_root:
            return dict.fromkeys(entities, EVERYTHING)
        rules: dict[str, list[DerivedRule]] = {name: [] for name in entities}
        for rule in self._applicable(connection, caller, entities, "R"):
            rules[rule.entity].append(rule)
        return {name: _granted(found) for name, found in rules.items()}

    def filter(
        self, grant: Grant, entity: Entity, id_: ColumnElement[Any], row: FromClause | None = None
    ) -> ColumnElement[bool]:
        """The condition that the grant puts on an object: its id, and its own row if that is in the statement."""
        if grant.everything:
            return true()
        return or_(false(), *(rule_condition(derive(t).select, entity, id_, row, self._zone) for t in grant.rules))

    @staticmethod
    def public_steps(connection: Connection) -> set[tuple[str, str]]:
        """(entity, relation) pairs that anybody may include."""
        steps = table("PublicStep")
        return {(origin, field) for origin, field in connection.execute(select(steps.c.origin, steps.c.field))}

    def parameters(self, caller: Caller) -> dict[str, Any]:
        """What statements made here need to be told: who asks, and when."""
        return {USER: caller.user_name, NOW: caller.now, TODAY: midnight(caller.now, self._zone)}

    # Rules -------------------------------------------------------------------------------------------------------

    def check_rule(self, crud_flags: str, what: str) -> DerivedRule:
        """What a rule means. Raises IcatError of type BAD_PARAMETER for flags or texts that mean nothing."""
        flags = crud_flags.strip().upper()
        _check_flags(flags)
        rule = derive(what)
        rows = table(rule.entity)
        self._condition(rule, rows.c.id, rows)
        if rule.attribute is not None and set(flags) != {"U"}:
            raise bad("Attribute selection in rules is only allowed for Update")
        return rule

    def _condition(self, rule: DerivedRule, id_: ColumnElement[Any], row: FromClause) -> ColumnElement[bool]:
        return rule_condition(rule.select, schema().entities[rule.entity], id_, row, self._zone)

    @staticmethod
    def _applicable(
        connection: Connection, caller: Caller, entities: Collection[str], access: Access
    ) -> Iterator[DerivedRule]:
        """Rules on these entities with this flag, for everybody or for a group of the caller."""
        for what in connection.execute(_texts(access), {USER: caller.user_name}).scalars().all():
            try:
                rule = derive(what)
            except IcatError as error:
                # Rules are checked when they are stored; one that came another way gives nobody anything.
                log.warning("rule without meaning: %s (%s)", what, error.message)
                continue
            if rule.entity in entities and (access == "U" or rule.attribute is None):
                yield rule


def check_public_step(origin: str, field: str) -> None:
    """Raises IcatError of type BAD_PARAMETER unless the origin is an entity and the field a relation of it."""
    entity = schema().entities.get(origin)
    if entity is None:
        raise bad(f"{origin} is not an EntityBaseBean")
    if entity.to_one(field) is None and entity.to_many(field) is None:
        raise bad(f"Field value {field} does not implement a relationship from {origin}")


@lru_cache(CACHED_RULES)
def derive(what: str) -> DerivedRule:
    """What follows from the text of a rule alone. Raises IcatError of type BAD_PARAMETER."""
    query = parse_query(what) if is_select(what) else translate(parse_concise(what))
    select_ = query.select
    if query.order_by or query.include is not None or query.limit is not None or select_.group_by or select_.having:
        raise bad("No more input expected: a rule has no ORDER BY, GROUP BY, HAVING, INCLUDE or LIMIT.")
    if select_.distinct or len(select_.items) != 1 or not isinstance(select_.items[0], tree.Path):
        raise bad("A rule selects exactly one variable, or one attribute of it: no DISTINCT, no aggregate.")
    entity, attribute = _selected(select_, select_.items[0])
    return DerivedRule(what, entity.name, attribute, select_.where is not None, len(select_.ranges) > 1, select_)


def _selected(select_: tree.Select, item: tree.Path) -> tuple[Entity, str | None]:
    scope = Scope()
    for range_ in select_.ranges:
        scope.declare(range_)
    variable, *names = item.parts
    owner = scope.resolve(tree.Path(variable, item.at))
    assert isinstance(owner, EntityRef)
    if len(names) > 1:
        raise bad(f"A rule can select an attribute of a variable, not {item.name}.")
    if names:
        scope.resolve(item)
    return owner.entity, names[0] if names else None


def _granted(rules: Iterable[DerivedRule]) -> Grant:
    found = list(rules)
    if any(not rule.restricted for rule in found):
        return EVERYTHING
    return Grant(everything=False, rules=tuple(sorted({rule.what for rule in found})))


def _check_flags(flags: str) -> None:
    for place, flag in enumerate(flags):
        if flag not in "CRUD":
            # The odd ending is ICAT's: whether a C stood in front.
            raise bad(f"CRUD value {flags} contains {str('C' in flags[:place]).lower()}")


@cache
def _texts(access: Access) -> Select[tuple[str]]:
    """The texts of all rules with this flag that are for everybody or for a group of the caller."""
    rules, groups, users = table("Rule"), table("UserGroup"), table("User")
    own_groups = (
        select(groups.c.grouping_id)
        .join(users, users.c.id == groups.c.user_id)
        .where(users.c.name == bindparam(USER, type_=text(None)))
    )
    return select(rules.c.what).where(
        rules.c.crudFlags.like(f"%{access}%"),
        or_(rules.c.grouping_id.is_(None), rules.c.grouping_id.in_(own_groups)),
    )
