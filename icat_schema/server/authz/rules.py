"""ICAT's rules as they are in the database at the moment of a call: single objects, searches, includes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    BigInteger,
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
from icat_schema.server.authz.grants import EVERYTHING, Grant, Grants, granted
from icat_schema.server.authz.meaning import DerivedRule, checked_flags, derive
from icat_schema.server.authz.stored import Access, StoredRule, applicable, public_steps
from icat_schema.server.caller import Caller
from icat_schema.server.jpql.compile_rule import rule_condition
from icat_schema.server.jpql.compile_scope import Bound, Step
from icat_schema.server.jpql.compile_values import NOW, TODAY, USER
from icat_schema.server.jpql.complain import bad
from icat_schema.server.jpql.dates import midnight
from icat_schema.server.store.tables import table

PORTION = 5_000
"""Ids in one statement."""
CACHED_STATEMENTS = 256
IDS = "ids"


class Rules:
    """Asks the rules. `zone`: of the dates in their texts."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._statement = lru_cache(CACHED_STATEMENTS)(self._made_statement)

    # Single objects ----------------------------------------------------------------------------------------------

    def allowed(
        self, connection: Connection, caller: Caller, entity: str, ids: Collection[int], access: Access
    ) -> set[int]:
        """Those of the ids that the caller has this access to. For root, for public entities and for rules without
        condition these are all ids, whether the objects exist or not."""
        if caller.is_root:
            return set(ids)
        rules = [r for r in applicable(connection, caller, (entity,), access) if r.meaning.attribute is None]
        if any(rule.meaning.bare or (access == "R" and rule.opens_every_object) for rule in rules):
            return set(ids)
        return self._among(connection, caller, entity, ids, [r.meaning for r in rules])

    def allowed_fields(self, connection: Connection, caller: Caller, entity: str, id_: int) -> set[str]:
        """The fields of one object that attribute rules let the caller change."""
        if caller.is_root:
            definition = schema().entities[entity]
            return {a.name for a in definition.attributes} | {r.name for r in definition.one}
        fields: set[str] = set()
        for rule in applicable(connection, caller, (entity,), "U"):
            field = rule.meaning.attribute
            if field is None or field in fields:
                continue
            if rule.meaning.bare or self._among(connection, caller, entity, (id_,), [rule.meaning]):
                fields.add(field)
        return fields

    def _among(
        self, connection: Connection, caller: Caller, entity: str, ids: Collection[int], rules: Iterable[DerivedRule]
    ) -> set[int]:
        """The ids for which one of the rules holds."""
        texts = tuple(sorted({rule.what for rule in rules}))
        allowed: set[int] = set()
        rest = sorted(set(ids)) if texts else []
        for start in range(0, len(rest), PORTION):
            asked = {**self.parameters(caller), IDS: rest[start : start + PORTION]}
            allowed.update(connection.execute(self._statement(entity, texts), asked).scalars().all())
        return allowed

    def _made_statement(self, entity: str, texts: tuple[str, ...]) -> Select[Any]:
        """Those of the ids (a parameter) for which one of the rules holds."""
        rows = table(entity)
        asked = bindparam(IDS, type_=BigInteger(), expanding=True, literal_execute=True)
        holds = or_(*(self._condition(derive(text), rows.c.id, rows) for text in texts))
        return select(rows.c.id).where(rows.c.id.in_(asked), holds)

    # Searches ----------------------------------------------------------------------------------------------------

    def grants(self, connection: Connection, caller: Caller, entities: Collection[str]) -> Grants:
        """What the caller may read of each of these entities."""
        if caller.is_root:
            return dict.fromkeys(entities, EVERYTHING)
        rules: dict[str, list[StoredRule]] = {name: [] for name in entities}
        for rule in applicable(connection, caller, entities, "R"):
            rules[rule.meaning.entity].append(rule)
        return {name: granted(found) for name, found in rules.items()}

    def filter(
        self,
        grant: Grant,
        entity: Entity,
        id_: ColumnElement[Any],
        row: FromClause | None = None,
        joins: Mapping[Step, Bound] = MappingProxyType({}),
    ) -> ColumnElement[bool]:
        """The condition that the grant puts on an object: its id, and its own row if that is in the statement, with
        what the statement joins."""
        if grant.everything:
            return true()
        selects = (derive(text).select for text in grant.rules)
        return or_(false(), *(rule_condition(rule, entity, id_, row, self._zone, joins) for rule in selects))

    @staticmethod
    def public_steps(connection: Connection) -> set[tuple[str, str]]:
        """(entity, relation) pairs that anybody may include."""
        return public_steps(connection)

    def parameters(self, caller: Caller) -> dict[str, Any]:
        """What statements made here need to be told: who asks, and when."""
        return {USER: caller.user_name, NOW: caller.now, TODAY: midnight(caller.now, self._zone)}

    # Rules -------------------------------------------------------------------------------------------------------

    def check_rule(self, crud_flags: str, what: str) -> DerivedRule:
        """What a rule means. Raises IcatError of type BAD_PARAMETER for flags or texts that mean nothing."""
        flags = checked_flags(crud_flags)
        rule = derive(what)
        rows = table(rule.entity)
        self._condition(rule, rows.c.id, rows)
        if rule.attribute is not None and set(flags) != {"U"}:
            raise bad("Attribute selection in rules is only allowed for Update")
        return rule

    def _condition(self, rule: DerivedRule, id_: ColumnElement[Any], row: FromClause) -> ColumnElement[bool]:
        return rule_condition(rule.select, schema().entities[rule.entity], id_, row, self._zone)
