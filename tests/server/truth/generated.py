"""Rules for hypothesis: texts over any entity, with values that the content really has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from icat_schema.definitions import Attribute, Entity, schema
from tests.server.truth.graph import Graph

MAX_TEXT = 1_000
FEW = 3
"""Entities with more objects than this are chosen more often."""
SIGNS = ("=", "<>", "!=", "<", "<=", ">", ">=")
ENTITIES = [e for e in schema().entities.values() if e.name not in ("Rule", "PublicStep")]


@dataclass(frozen=True)
class NewRule:
    flags: str
    text: str
    group: int | None


class Texts:
    """Draws texts of rules over one content."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._groups = sorted(graph.things["Grouping"])
        self._roots = [e for e in ENTITIES if len(graph.things[e.name]) > FEW] * 2 + ENTITIES

    def rules(self) -> st.SearchStrategy[NewRule]:
        flags = st.sampled_from(["R", "R", "CRUD", "RU", "U", "D", "CU"])
        groups = st.none() | st.sampled_from(self._groups)
        whole = st.builds(NewRule, flags, self.selecting() | self.concise(), groups)
        of_attribute = st.builds(NewRule, st.just("U"), self.selecting(attribute=True), groups)
        return st.one_of(whole, whole, whole, of_attribute).filter(lambda rule: len(rule.text) < MAX_TEXT)

    @st.composite
    @staticmethod
    def _select(draw: st.DrawFn, self: Texts, attribute: bool) -> str:
        root = draw(st.sampled_from(self._roots))
        variables = {"v0": root}
        joins = ""
        for number in range(1, draw(st.integers(0, 3)) + 1):
            owner = draw(st.sampled_from(sorted(variables)))
            relation = draw(st.sampled_from([*variables[owner].one, *variables[owner].many] or [None]))
            if relation is not None:
                variables[f"v{number}"] = schema().entities[relation.target]
                word = draw(st.sampled_from(["JOIN", "JOIN", "INNER JOIN", "LEFT JOIN", "LEFT OUTER JOIN"]))
                joins += f" {word} {owner}.{relation.name} {draw(st.sampled_from(['', 'AS ']))}v{number}"
        selected = draw(st.sampled_from(sorted(variables)))
        item = f"{selected}.{draw(st.sampled_from(_own(variables[selected])))}" if attribute else selected
        where = f" WHERE {draw(self._conditions(variables, 2))}" if draw(st.integers(0, 6)) else ""
        return f"SELECT {item} FROM {root.name} {draw(st.sampled_from(['', 'AS ']))}v0{joins}{where}"

    def selecting(self, attribute: bool = False) -> st.SearchStrategy[str]:
        return Texts._select(self, attribute)

    @st.composite
    @staticmethod
    def _brackets(draw: st.DrawFn, self: Texts) -> str:
        first = draw(st.sampled_from(self._roots))
        neighbours = [e for e in ENTITIES if e is not first and len(_between(first, e)) == 1 == len(_between(e, first))]
        chosen = [first, *draw(st.lists(st.sampled_from(neighbours), max_size=1))] if neighbours else [first]
        parts = []
        for entity in chosen:
            test = draw(st.none() | self._comparison("", entity, concise=True))
            parts.append(f"{entity.name} [{test}]" if test else entity.name)
        return " <-> ".join(parts)

    def concise(self) -> st.SearchStrategy[str]:
        return Texts._brackets(self)

    # Conditions

    def _conditions(self, variables: dict[str, Entity], depth: int) -> st.SearchStrategy[str]:
        tests = st.sampled_from(sorted(variables)).flatmap(lambda name: self._test(name, variables[name]))
        if not depth:
            return tests
        inner = self._conditions(variables, depth - 1)
        return st.one_of(
            tests,
            tests,
            st.builds("({} AND {})".format, inner, inner),
            st.builds("{} OR {}".format, inner, inner).map(lambda text: f"({text})"),
            st.builds("NOT ({})".format, inner),
        )

    def _test(self, variable: str, entity: Entity) -> st.SearchStrategy[str]:
        tests = [self._comparison(f"{variable}.", entity), self._comparison(f"{variable}.", entity)]
        negated = st.sampled_from(["IS NULL", "IS NOT NULL"])
        if entity.one:
            names = st.sampled_from([r.name for r in entity.one])
            tests.append(st.builds(f"{variable}.{{}} {{}}".format, names, negated))
            tests.append(st.sampled_from(entity.one).flatmap(lambda r: self._over(variable, r.name, r.target)))
        if entity.many:
            names = st.sampled_from([r.name for r in entity.many])
            state = st.sampled_from(["IS EMPTY", "IS NOT EMPTY"])
            tests.append(st.builds(f"{variable}.{{}} {{}}".format, names, state))
        return st.one_of(tests)

    def _over(self, variable: str, relation: str, target: str) -> st.SearchStrategy[str]:
        return self._comparison(f"{variable}.{relation}.", schema().entities[target])

    @st.composite
    @staticmethod
    def _compared(draw: st.DrawFn, self: Texts, prefix: str, entity: Entity, concise: bool) -> str:
        attribute = draw(st.sampled_from([a for a in entity.attributes if a.name not in ("createTime", "modTime")]))
        path = f"{prefix}{attribute.name}"
        if not concise and draw(st.integers(0, 7)) == 0:
            return f"{path} {draw(st.sampled_from(['IS NULL', 'IS NOT NULL']))}"
        values = [draw(self._literal(entity, attribute, concise)) for _ in range(2)]
        if attribute.type == "String" and draw(st.integers(0, 3)) == 0:
            return f"{path} LIKE {_pattern(values[0], draw(st.integers(0, 4)))}"
        if draw(st.integers(0, 5)) == 0:
            return f"{path} IN ({', '.join(values)})" if ":user" not in values else f"{path} = :user"
        ordered = attribute.type != "Boolean" and not attribute.is_enum
        if not concise and ordered and draw(st.integers(0, 5)) == 0:
            return f"{path} {draw(st.sampled_from(['', 'NOT ']))}BETWEEN {values[0]} AND {values[1]}"
        return f"{path} {draw(st.sampled_from(SIGNS if ordered else SIGNS[:3]))} {values[0]}"

    def _comparison(self, prefix: str, entity: Entity, concise: bool = False) -> st.SearchStrategy[str]:
        return Texts._compared(self, prefix, entity, concise)

    def _literal(self, entity: Entity, attribute: Attribute, concise: bool) -> st.SearchStrategy[str]:
        stored = {thing.values.get(attribute.name) for thing in self._graph.things[entity.name].values()} - {None}
        found = sorted({_shown(attribute, value, concise) for value in stored})
        if attribute.type == "Date":
            return st.sampled_from(["CURRENT_TIMESTAMP", "'2012-07-26 12:00:00+02:00'", *found])
        if attribute.type == "Boolean":
            return st.sampled_from(["TRUE", "False"])
        if attribute.is_enum:
            return st.sampled_from([_shown(attribute, value, concise) for value in schema().enums[attribute.type]])
        if attribute.type == "String":
            return st.sampled_from([":user", "'none'", *found])
        return st.sampled_from(["0", "-1", "2.5", *found])


def _own(entity: Entity) -> list[str]:
    own = [a.name for a in entity.attributes if not a.base and a.type not in ("Date", "StudyStatus")]
    return own or [r.name for r in entity.one] or ["id"]


def _between(entity: Entity, target: Entity) -> list[str]:
    return [r.name for r in (*entity.one, *entity.many) if r.target == target.name]


def _shown(attribute: Attribute, value: Any, concise: bool) -> str:
    if attribute.is_enum:
        return str(value) if concise else f"org.icatproject.{attribute.type}.{value}"
    if attribute.type == "Date":
        return f"'{value.isoformat(' ')}'"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return repr(value)


def _pattern(literal: str, cut: int) -> str:
    """A pattern that the text of the literal may match."""
    if not literal.startswith("'"):
        return "'%/%'"
    text = literal[1:-1].replace("''", "").replace("\\", "")
    return f"'{text[:cut]}%'" if cut % 2 else f"'%{text[-cut:]}'" if cut else f"'_{text[1:]}'"
