"""No value gets out of its quotes: queries are read back with the grammar of the catalogue's own language."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from drac_plugins.core.reads.criteria import DatasetCriteria, InvestigationCriteria
from drac_plugins.core.reads.dataset_conditions import dataset_conditions
from drac_plugins.core.reads.grammar import ParameterFilter
from drac_plugins.core.reads.investigation_conditions import investigation_conditions
from drac_plugins.core.reads.parameter_filters import textual
from drac_plugins.core.reads.records import ParameterTypeRecord
from drac_plugins.core.reads.view import View, conjunction, prefixed
from icat_schema.gateway import Select
from icat_schema.gateway.conditions import Condition
from icat_schema.gateway.query import render
from icat_schema.server.jpql import tree
from icat_schema.server.jpql.parser import parse_query

ZONE = ZoneInfo("Europe/Paris")
VALUES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1)
TYPES = [ParameterTypeRecord(1, "a", "NA", "STRING", applicable_to=frozenset({"Dataset", "Sample", "Investigation"}))]


def view() -> View:
    """Nothing is asked: these criteria need no look-up."""
    return View(None, ZONE)  # type: ignore[arg-type]


def texts(entity: str, condition: Condition | None) -> set[str]:
    """The constants in the query, as the catalogue reads them."""
    parsed = parse_query(render(Select(entity, ["id"], condition), _no_dates))
    return {text.value for text in _texts(parsed)}


def _texts(node: Any) -> Iterator[tree.Text]:
    if isinstance(node, tree.Text):
        yield node
    elif dataclasses.is_dataclass(node):
        for field in dataclasses.fields(node):
            yield from _texts(getattr(node, field.name))
    elif isinstance(node, tuple | list):
        for item in node:
            yield from _texts(item)


def _no_dates(moment: datetime) -> datetime:
    raise AssertionError(moment)


def literally(text: str) -> str:
    """The pattern that `Contains` sends: wildcards and the escape character itself are escaped."""
    for special in "!%_":
        text = text.replace(special, f"!{special}")
    return f"%{text}%"


@settings(deadline=None)
@given(VALUES, st.sampled_from(["eq", "in", "like"]), st.sampled_from(["Dataset", "Sample", "Investigation"]))
def test_values_of_parameters_stay_values(value: str, operator: Any, subject: Any) -> None:
    condition = textual(subject, ParameterFilter(("a",), operator, (value,)), TYPES)
    wanted = literally(value) if operator == "like" else value
    assert texts(subject, condition) - {"!"} == {wanted} - {"!"}


@settings(deadline=None)
@given(VALUES, VALUES)
def test_searched_texts_stay_texts(search: str, kind: str) -> None:
    found = dataset_conditions(view(), DatasetCriteria(search=search, types=(kind,)))
    assert found is not None
    assert texts("Dataset", conjunction(found)) - {"!"} == {literally(search), kind} - {"!"}
    behind = prefixed(found[0], "dataset.")
    assert texts("DatasetParameter", behind) - {"!"} <= {literally(search), kind}


@settings(deadline=None)
@given(VALUES)
def test_names_of_users_stay_names(name: str) -> None:
    found = investigation_conditions(
        view(), InvestigationCriteria(participants=(name,), users=(name,), scope="participant")
    )
    assert found is not None
    assert name in texts("Investigation", conjunction(found))
