"""Who may do what, worked out object by object from the rules in memory."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from functools import cache

from tests.server.truth.graph import Graph, Thing
from tests.server.truth.rule_text import RuleText, read_rule

meaning = cache(read_rule)


class Rights:
    """Of everybody on one state of the catalogue, which must not change. `now` is what dates are compared with."""

    def __init__(self, graph: Graph, roots: Collection[str], now: datetime) -> None:
        self.graph = graph
        self._roots = roots
        self._now = now
        self._holds: dict[tuple[int, str], set[int]] = {}
        self._steps = {(s.values["origin"], s.values["field"]) for s in graph.things["PublicStep"].values()}

    # What a caller may do with single objects

    def may(self, user: str, access: str, thing: Thing) -> bool:
        """One object, as get, isAccessAllowed and every write look at it."""
        if user in self._roots or (access == "R" and self.is_public(thing.entity)):
            return True
        rules = self._rules(user, thing.entity, access)
        return any(thing.id in self._ids(rule, user) for rule in rules)

    def may_without_object(self, user: str, access: str, entity: str) -> bool:
        """What is said of an id that is not stored."""
        if user in self._roots:
            return True
        bare = any(rule.condition is None and not rule.joins for rule in self._rules(user, entity, "R"))
        return access == "R" and (bare or self.is_public(entity))

    def may_delete(self, user: str, thing: Thing) -> bool:
        return all(self.may(user, "D", other) for other in self.graph.with_descendants(thing))

    def fields_to_change(self, user: str, thing: Thing) -> set[str]:
        """The fields that rules about single attributes open."""
        rules = [r for r in self._stored(user, "U") if r.attribute and r.entity == thing.entity]
        return {r.attribute or "" for r in rules if thing.id in self._ids(r, user)}

    # Searches and includes

    def found(self, user: str, entity: str) -> set[int] | None:
        """The ids that a search shows; None: no rule is about reading them at all."""
        everything = set(self.graph.things[entity])
        if user in self._roots or self.is_public(entity):
            return everything
        rules = self._rules(user, entity, "R")
        if any(rule.condition is None for rule in rules):
            return everything
        return set().union(*(self._ids(rule, user) for rule in rules)) if rules else None

    def included(self, user: str, thing: Thing, relation: str) -> set[int]:
        """The ids behind a relation that an INCLUDE shows."""
        target = thing.one.get(relation)
        behind = thing.many.get(relation, [target] if target else [])
        if (thing.entity, relation) in self._steps:
            return {other.id for other in behind}
        return {other.id for other in behind if self.may(user, "R", other)}

    # Rules

    def is_public(self, entity: str) -> bool:
        """Whether a rule for everybody lets read the entity without a WHERE."""
        rules = [r for r in self.graph.things["Rule"].values() if r.one["grouping"] is None]
        texts = [meaning(r.values["what"]) for r in rules if "R" in r.values["crudFlags"]]
        return any(t.entity == entity and t.condition is None for t in texts)

    def _ids(self, rule: RuleText, user: str) -> set[int]:
        key = (id(rule), user)
        if key not in self._holds:
            self._holds[key] = rule.holds_for(self.graph, user, self._now)
        return self._holds[key]

    def _rules(self, user: str, entity: str, access: str) -> list[RuleText]:
        return [rule for rule in self._stored(user, access) if rule.entity == entity and rule.attribute is None]

    def _stored(self, user: str, access: str) -> list[RuleText]:
        own = {
            membership.one["grouping"]
            for membership in self.graph.things["UserGroup"].values()
            if membership.one["user"] is not None and membership.one["user"].values["name"] == user
        }
        counting = [r for r in self.graph.things["Rule"].values() if access in r.values["crudFlags"]]
        return [meaning(r.values["what"]) for r in counting if r.one["grouping"] is None or r.one["grouping"] in own]
