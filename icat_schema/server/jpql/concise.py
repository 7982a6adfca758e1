"""The concise form, translated into the SELECT form: a variable `Entity$` per entity, joins found by entity type."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from icat_schema.definitions import Entity, ToMany, ToOne, schema
from icat_schema.server.jpql import tree
from icat_schema.server.jpql.complain import bad
from icat_schema.server.jpql.printer import print_value
from icat_schema.server.jpql.tree import Condition, Path, Value

Link = tuple[str, str, str]
"""Entity, relation, target."""


def translate(concise: tree.Concise) -> tree.Query:
    """The same query in the SELECT form. Raises IcatError of type BAD_PARAMETER."""
    first = known_entity(concise.target.parts[0])
    steps = [known_entity(step.entity) for step in concise.steps]
    links = links_between(first.name, [e.name for e in steps])
    joins = tuple(tree.Join(Path(f"{variable(a)}.{relation}"), variable(b)) for a, relation, b in links)
    conditions = [
        _Qualifier(entity).condition(condition)
        for entity, condition in zip(
            (first, *steps), (concise.condition, *(s.condition for s in concise.steps)), strict=True
        )
        if condition is not None
    ]
    return tree.Query(
        tree.Select(
            items=(_item(concise),),
            ranges=(tree.Range(first.name, variable(first.name)), *joins),
            distinct=concise.distinct,
            where=None if not conditions else conditions[0] if len(conditions) == 1 else tree.And(tuple(conditions)),
        ),
        order_by=tuple(_qualified_order(first, order) for order in concise.order_by),
        include=None if concise.includes is None else include_by_type(first.name, concise.includes),
        limit=concise.limit,
    )


def include_by_type(first: str, names: Sequence[str]) -> tree.Include:
    """INCLUDE of entity types, as paths; no names mean `INCLUDE 1`."""
    if not names:
        return tree.IncludeOne()
    targets = [known_entity(name).name for name in names]
    links = links_between(first, targets, only_one_after_one=True, place=" in list of INCLUDES.")
    return tuple(tree.IncludeStep(Path(f"{variable(a)}.{relation}"), variable(b)) for a, relation, b in links)


def variable(entity: str) -> str:
    return f"{entity}$"


def known_entity(name: str) -> Entity:
    found = schema().entities.get(name)
    if found is None:
        raise bad(f"{name} is not an EntityBaseBean")
    return found


def links_between(
    first: str, others: Sequence[str], *, only_one_after_one: bool = False, place: str = ""
) -> tuple[Link, ...]:
    """The one way to connect these entities by relations, from the first one on.

    Every relation into the set is followed, never straight back. Raises IcatError when an entity is met twice or
    never. `only_one_after_one`: behind a to-one relation only to-one relations are followed.
    """
    wanted = {first, *others}
    links: list[Link] = []
    seen = {first}

    def visit(entity: str, came_from: str | None, trail: tuple[str, ...], to_one_only: bool) -> None:
        for relation in _relations(entity, to_one_only):
            target = relation.target
            if target not in wanted or target == came_from:
                continue
            if target in seen:
                way = " -> ".join((*trail, target))
                raise bad(
                    f"Can't have loop in graph of entities. '{target}' was encountered twice following {way}{place}"
                )
            seen.add(target)
            links.append((entity, relation.name, target))
            visit(target, entity, (*trail, target), only_one_after_one and isinstance(relation, ToOne))

    visit(first, None, (first,), False)
    missing = sorted(wanted - seen)
    if missing:
        raise bad(f"Unable to reach {', '.join(missing)}{place}")
    return tuple(links)


def _relations(name: str, to_one_only: bool) -> tuple[ToOne | ToMany, ...]:
    entity = schema().entities[name]
    return entity.one if to_one_only else (*entity.one, *entity.many)


def _item(concise: tree.Concise) -> Value:
    first, *rest = concise.target.parts
    item: Value = Path(".".join((variable(first), *rest)), concise.target.at)
    return tree.Aggregate(concise.aggregate, item) if concise.aggregate else item


def _qualified_order(entity: Entity, order: tree.Order) -> tree.Order:
    return replace(order, value=_Qualifier(entity).path(order.value))


class _Qualifier:
    """Puts the variable of an entity in front of the names in its brackets."""

    def __init__(self, entity: Entity) -> None:
        self._entity = entity

    def condition(self, condition: Condition) -> Condition:
        match condition:
            case tree.Or(parts):
                return tree.Or(tuple(self.condition(p) for p in parts))
            case tree.And(parts):
                return tree.And(tuple(self.condition(p) for p in parts))
            case tree.Not(part):
                return tree.Not(self.condition(part))
            case tree.Comparison(operator, left, right):
                return tree.Comparison(operator, *self._sides(left, right, operator))
            case tree.Like(left, right):
                return tree.Like(*self._sides(left, right, "LIKE"))
            case tree.InValues(value, values):
                return tree.InValues(self.path(value), tuple(self._value(v, value) for v in values))
            case tree.Between(value, low, high):
                return tree.Between(self.path(value), self._value(low, value), self._value(high, value))
        raise bad("Brackets hold comparisons, LIKE, IN and BETWEEN only.")

    def path(self, value: Value) -> Path:
        """The attribute, from the variable on. Raises IcatError for anything else."""
        if not isinstance(value, Path) or not self._is_field(value):
            raise bad(f"{print_value(value)} is not a field of {self._entity.name}")
        return Path(f"{variable(self._entity.name)}.{value.name}", value.at)

    def _sides(self, left: Value, right: Value, operator: str) -> tuple[Value, Value]:
        fields = [isinstance(side, Path) and self._is_field(side) for side in (left, right)]
        if fields == [True, False]:
            return self.path(left), self._value(right, left)
        if fields == [False, True]:
            return self._value(left, right), self.path(right)
        raise bad(
            "Attribute comparisons require one attribute name and one value: "
            f"{print_value(left)} {operator} {print_value(right)}"
        )

    def _value(self, value: Value, attribute: Value) -> Value:
        """A literal; a bare word is a constant of the enumeration that the attribute has."""
        if not isinstance(value, Path):
            return value
        enumeration = self._enumeration(attribute)
        if enumeration is None:
            raise bad(f"{value.name} is neither a field of {self._entity.name} nor a value: texts stand in quotes.")
        return tree.Constant(enumeration, value.name, value.at)

    def _is_field(self, path: Path) -> bool:
        return path.parts[0] in self._entity.fields

    def _enumeration(self, attribute: Value) -> str | None:
        entity: Entity | None = self._entity
        *way, last = attribute.parts if isinstance(attribute, Path) else [""]
        for name in way:
            relation = entity.to_one(name) if entity else None
            entity = schema().entity(relation.target) if relation else None
        found = entity.attribute(last) if entity else None
        return found.type if found is not None and found.is_enum else None
