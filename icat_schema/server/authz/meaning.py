"""What the text of a rule, its flags and a public step mean, whatever is stored."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from icat_schema.definitions import Entity, schema
from icat_schema.server.jpql import tree
from icat_schema.server.jpql.compile_scope import EntityRef, Scope
from icat_schema.server.jpql.complain import bad
from icat_schema.server.jpql.concise import translate
from icat_schema.server.jpql.parser import is_select, parse_concise, parse_query

CACHED_RULES = 10_000


@dataclass(frozen=True, slots=True)
class DerivedRule:
    """What follows from a rule's text. `attribute`: it is only about this field.

    `restricted`: it has a WHERE part; one without lets searches see every object of the entity, as in the original.
    """

    what: str
    entity: str
    attribute: str | None
    restricted: bool
    joined: bool
    select: tree.Select

    @property
    def bare(self) -> bool:
        """Neither WHERE nor joins: it holds for every single object."""
        return not self.restricted and not self.joined


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


def checked_flags(crud_flags: str) -> str:
    """The flags as they are stored, in upper case. Raises IcatError of type BAD_PARAMETER for other letters."""
    flags = crud_flags.strip().upper()
    for place, flag in enumerate(flags):
        if flag not in "CRUD":
            # The odd ending is ICAT's: whether a C stood in front.
            raise bad(f"CRUD value {flags} contains {str('C' in flags[:place]).lower()}")
    return flags


def check_public_step(origin: str, field: str) -> None:
    """Raises IcatError of type BAD_PARAMETER unless the origin is an entity and the field a relation of it."""
    entity = schema().entities.get(origin)
    if entity is None:
        raise bad(f"{origin} is not an EntityBaseBean")
    if entity.to_one(field) is None and entity.to_many(field) is None:
        raise bad(f"Field value {field} does not implement a relationship from {origin}")
