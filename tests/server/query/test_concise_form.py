"""The concise form, and what it is translated to."""

from __future__ import annotations

from typing import Any

import pytest

from icat_schema.server.errors import IcatError
from icat_schema.server.jpql.concise import translate
from icat_schema.server.jpql.parser import parse_concise
from icat_schema.server.jpql.printer import print_query
from tests.server.query.conftest import Asking


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("Dataset.name", ["mx_1", "mx_2", "mx_3", "em_1", "em_1_100%_motion\\corrected"]),
        ("DISTINCT Dataset.type.name", ["processed", "raw"]),
        ("Dataset.name[name='mx_1']", ["mx_1"]),
        ("1, 2 Dataset.name", ["mx_2", "mx_3"]),
        ("3, Dataset.name", ["em_1", "em_1_100%_motion\\corrected"]),
        (",1 Dataset.name", ["mx_1"]),
        ("Dataset.name ORDER BY fileCount DESC, name [sample.name = 'lyso1']", ["mx_3", "mx_2", "mx_1"]),
        (
            "Dataset.name [name LIKE 'mx%' AND NOT (complete = FALSE) OR fileSize = 7]",
            ["mx_1", "mx_2", "em_1_100%_motion\\corrected"],
        ),
        ("Dataset.name [name IN ('mx_1', 'mx_3') and -1 < fileCount]", ["mx_1", "mx_3"]),
        ("Dataset.name [fileCount BETWEEN 2 AND 3 AND type.name != 'processed']", ["mx_2", "mx_3"]),
        ("ParameterType.name [valueType = NUMERIC]", ["energy"]),
        ("ParameterType.name [valueType IN (STRING, NUMERIC)]", ["energy", "definition"]),
        ("Investigation.name [startDate > {ts 2026-01-01 00:00:00}]", ["MX-2345"]),
        ("User.fullName [name = :user]", []),
        ("COUNT(Dataset)", [5]),
        ("MAX(Dataset.fileSize) [type.name = 'raw'] <-> Investigation [name = 'MX-2345']", [3000]),
        ("Dataset.name <-> Investigation [name = 'EM-77'] <-> DatasetType [name = 'raw']", ["em_1"]),
        ("Dataset.name <-> Investigation [name = 'EM-77']", ["em_1", "em_1_100%_motion\\corrected"]),
        ("Datafile.name <-> Investigation [name='MX-2345'] <-> Dataset [fileCount=1]", ["1_0.h5"]),
    ],
)
def test_concise_query_answers(ask: Asking, query: str, expected: list[Any]) -> None:
    assert ask(query) == expected


def test_concise_form_is_the_select_form_in_other_words() -> None:
    query = "3,5 Dataset.id ORDER BY id [complete=TRUE] <-> Investigation [name='x']"
    assert print_query(translate(parse_concise(query))) == (
        "SELECT Dataset$.id FROM Dataset Dataset$ JOIN Dataset$.investigation Investigation$ "
        "WHERE Dataset$.complete = TRUE AND Investigation$.name = 'x' ORDER BY Dataset$.id LIMIT 3, 5"
    )


def test_include_by_type_finds_the_way(ask: Asking) -> None:
    (dataset,) = ask("Dataset INCLUDE Datafile, DatasetParameter, ParameterType ORDER BY name [name = 'mx_2']")
    assert len(dataset.many["datafiles"]) == 2
    assert all(p.one["type"] is not None for p in dataset.many["parameters"])
    (other,) = ask("Dataset ORDER BY name INCLUDE 1 [name = 'mx_2']")
    assert other.one.keys() == {"investigation", "sample", "type"}


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("Bogus", "^Bogus is not an EntityBaseBean$"),
        ("dataset", "^dataset is not an EntityBaseBean$"),
        ("", "Attempt to read beyond end"),
        ("5 Dataset", r"Expected ,, not 'Dataset' \(position 3: 5 <here>Dataset\)"),
        ("Dataset [name = 'x'", "Attempt to read beyond end"),
        ("Dataset [1 = 2]", "^Attribute comparisons require one attribute name and one value: 1 = 2$"),
        ("Dataset [name = location]", "Attribute comparisons require one attribute name and one value"),
        ("Dataset [id = 5] INCLUDE Investigation", "Expected <-> or the end, not 'INCLUDE'"),
        ("Dataset [name = bogus]", "neither a field of Dataset nor a value"),
        ("ParameterType [valueType = BOGUS]", "ParameterValueType has no constant BOGUS: it has DATE_AND_TIME"),
        ("Dataset.name INCLUDE Investigation", "whole entities"),
        ("Dataset INCLUDE 2", "INCLUDE takes 1 or a list of entities"),
        ("Dataset <-> Shift", "Unable to reach Shift"),
        (
            "Investigation INCLUDE Facility, InvestigationType",
            "Can't have loop in graph of entities. 'Facility' was encountered twice following "
            "Investigation -> InvestigationType -> Facility in list of INCLUDES.",
        ),
        ("COUNT(Dataset) LIMIT 1", "Expected"),
        ("UPDATE Dataset ds SET ds.name = 'x'", "Expected"),
        ("DELETE FROM Dataset ds", "Expected"),
    ],
)
def test_concise_query_is_refused_with_a_reason(ask: Asking, query: str, text: str) -> None:
    with pytest.raises(IcatError, match=text) as caught:
        ask(query)
    assert caught.value.type == "BAD_PARAMETER"
