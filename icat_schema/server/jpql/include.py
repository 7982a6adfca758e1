"""What an INCLUDE asks for, as a tree of relations."""

from __future__ import annotations

from dataclasses import dataclass, field

from icat_schema.definitions import Entity, ToMany, ToOne, schema
from icat_schema.server.jpql import tree
from icat_schema.server.jpql.complain import bad

MAX_LEVELS = 40
"""Relations behind each other."""


@dataclass(slots=True)
class Included:
    """An entity and the relations to follow from it. Not to be changed once it is made."""

    entity: Entity
    steps: dict[str, tuple[ToOne | ToMany, Included]] = field(default_factory=dict)
    level: int = 0

    def step(self, name: str) -> Included:
        """Add the relation. Raises IcatError when there is none of this name, or it is included already."""
        relation = self.entity.to_one(name) or self.entity.to_many(name)
        if relation is None:
            raise bad(f"Problem with INCLUDE clause: {name} is not a field of {self.entity.name}")
        if name in self.steps:
            raise bad(f"INCLUDE clause contains redundant path to {name}")
        if self.level == MAX_LEVELS:
            raise bad(f"The INCLUDE goes over more than {MAX_LEVELS} relations behind each other.")
        target = Included(schema().entities[relation.target], level=self.level + 1)
        self.steps[name] = (relation, target)
        return target

    def entities(self) -> set[str]:
        """Names of the entities behind all relations, at any depth."""
        names: set[str] = set()
        for _, target in self.steps.values():
            names |= {target.entity.name, *target.entities()}
        return names

    def relations(self) -> set[tuple[str, str]]:
        """Every (entity, relation) that is followed."""
        found = {(self.entity.name, name) for name in self.steps}
        for _, target in self.steps.values():
            found |= target.relations()
        return found


def include_tree(entity: Entity, variable: str | None, include: tree.Include) -> Included:
    """Resolve an INCLUDE.

    Its variables are a name space of their own: only `variable` (that of the selected entity) and those defined by
    earlier steps are known. A path of several parts includes the objects on the way.
    """
    root = Included(entity)
    if isinstance(include, tree.IncludeOne):
        for relation in entity.one:
            root.step(relation.name)
        return root
    known = {} if variable is None else {variable.upper(): root}
    for step in include:
        first, *names = step.path.parts
        if first.upper() not in known:
            raise bad(f"variable {first.upper()} mentioned in INCLUDE clause is not defined")
        place = known[first.upper()]
        for name in names:
            place = place.step(name)
        if step.variable is not None:
            if step.variable.upper() in known:
                raise bad(f"variable {step.variable.upper()} mentioned in INCLUDE clause is already defined")
            known[step.variable.upper()] = place
    return root
