"""Trees of queries for hypothesis: any tree for the printer, and trees over the real entities for the database."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from hypothesis import strategies as st

from icat_schema.server.jpql import tree

COMPARISONS = ("=", "<>", "<", "<=", ">", ">=")
texts = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00"), max_size=6)
integers = st.integers(-(2**63) + 1, 2**63 - 1)
numbers = integers | st.floats(allow_nan=False, allow_infinity=False)
moments = st.datetimes(datetime.fromisoformat("0001-01-02"), datetime.fromisoformat("9999-12-30")).map(
    lambda m: m.replace(microsecond=0)
)

LITERALS: st.SearchStrategy[Any] = st.one_of(
    st.builds(tree.Text, texts),
    st.builds(tree.Number, numbers),
    st.builds(tree.Truth, st.booleans()),
    st.just(tree.Null()),
    st.builds(tree.Timestamp, moments),
    st.builds(tree.Constant, st.just("ParameterValueType"), st.sampled_from(["STRING", "NUMERIC"])),
    st.builds(tree.Parameter, st.just("user")),
    st.builds(tree.Current, st.sampled_from(["CURRENT_TIMESTAMP", "CURRENT_DATE", "CURRENT_TIME"])),
)


class Trees:
    """Strategies over given paths, entities and variables."""

    def __init__(self, paths: list[str], entities: list[str], variables: list[str]) -> None:
        self.paths = st.sampled_from(paths).map(tree.Path)
        self.variables = st.sampled_from(variables)
        self.entities = st.sampled_from(entities)
        self.values: st.SearchStrategy[Any] = st.recursive(LITERALS | self.paths, self._more_values, max_leaves=6)
        self.conditions: st.SearchStrategy[Any] = st.deferred(
            lambda: st.recursive(self._tests(), self._more_conditions, max_leaves=4)
        )

    def _more_values(self, values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        operands = values.filter(lambda v: not isinstance(v, tree.Number))
        return st.one_of(
            st.builds(tree.Arithmetic, st.sampled_from("+-*/"), values, values),
            st.builds(tree.Negated, operands),
            st.builds(tree.Call, st.sampled_from(["UPPER", "LOWER", "LENGTH", "ABS", "SQRT"]), st.tuples(values)),
            st.builds(tree.Call, st.sampled_from(["CONCAT", "SUBSTRING", "LOCATE", "MOD"]), st.tuples(values, values)),
            st.builds(tree.Call, st.sampled_from(["SUBSTRING", "LOCATE"]), st.tuples(values, values, values)),
            st.builds(tree.Trim, values, st.sampled_from(["LEADING", "TRAILING", "BOTH"]), st.sampled_from(" x'")),
            st.builds(tree.Size, self.paths),
        )

    def _tests(self) -> st.SearchStrategy[Any]:
        negated = st.booleans()
        values, paths, selects = self.values, self.paths, self.selects(2)
        comparison = st.sampled_from(COMPARISONS)
        return st.one_of(
            st.builds(tree.Comparison, comparison, values, values),
            st.builds(tree.Between, values, values, values, negated),
            st.builds(tree.Like, values, values, st.none() | st.sampled_from("!'\\"), negated),
            st.builds(tree.InValues, values, st.lists(values, min_size=1, max_size=3).map(tuple), negated),
            st.builds(tree.IsNull, values, negated),
            st.builds(tree.IsEmpty, paths, negated),
            st.builds(tree.MemberOf, values, paths, negated),
            st.builds(tree.InSelect, values, selects, negated),
            st.builds(tree.Exists, selects),
            st.builds(tree.Quantified, comparison, values, st.sampled_from(["ALL", "ANY"]), selects),
            st.builds(tree.Comparison, comparison, values, st.builds(tree.ScalarSelect, selects)),
        )

    def _more_conditions(self, conditions: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        several = st.lists(conditions, min_size=2, max_size=3).map(tuple)
        return st.one_of(st.builds(tree.Or, several), st.builds(tree.And, several), st.builds(tree.Not, conditions))

    def items(self) -> st.SearchStrategy[Any]:
        aggregate = st.sampled_from(["COUNT", "MIN", "MAX", "AVG", "SUM"])
        return st.one_of(self.paths, self.values, st.builds(tree.Aggregate, aggregate, self.paths, st.booleans()))

    def ranges(self) -> st.SearchStrategy[Any]:
        root = st.builds(tree.Range, self.entities, self.variables)
        joins = st.lists(st.builds(tree.Join, self.paths, self.variables, st.booleans()), max_size=2)
        return st.tuples(root, joins).map(lambda both: (both[0], *both[1]))

    def selects(self, depth: int = 0) -> st.SearchStrategy[Any]:
        return st.builds(
            tree.Select,
            st.lists(self.items(), min_size=1, max_size=1 if depth else 3).map(tuple),
            self.ranges(),
            st.booleans(),
            st.none() if depth > 1 else st.none() | self.conditions,
            st.lists(self.paths, max_size=2).map(tuple),
            st.none(),
        )

    def queries(self) -> st.SearchStrategy[tree.Query]:
        dotted = self.paths.filter(lambda path: "." in path.name)
        steps = st.lists(st.builds(tree.IncludeStep, dotted, st.none() | self.variables), min_size=1, max_size=3)
        include = st.none() | st.just(tree.IncludeOne()) | steps.map(tuple)
        return st.builds(
            tree.Query,
            self.selects(),
            st.lists(st.builds(tree.Order, self.items(), st.booleans()), max_size=2).map(tuple),
            include,
            st.none() | st.builds(tree.Limit, st.integers(0, 9), st.none() | st.integers(1, 9)),
        ).filter(lambda q: q.include is None or len(q.select.items) == 1)
