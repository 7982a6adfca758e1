"""Every published operation is served as published."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from drac_plugins.app import describe
from drac_plugins.core.settings import Settings
from tests.contract.comparison import DEVIATIONS, contract, differences, name_of
from tests.contract.description import description

PUBLISHED = contract()


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return description(tmp_path_factory.mktemp("facade"))


@pytest.mark.parametrize("operation", PUBLISHED.operations, ids=name_of)
def test_an_operation_is_served_as_published(operation: dict[str, Any], ours: dict[str, Any]) -> None:
    assert differences(operation, PUBLISHED, ours) == []


def test_the_committed_description_is_that_of_the_code() -> None:
    committed = Path("docs/reference/openapi.json").read_text(encoding="utf-8")
    now = describe(Settings())
    assert committed == now + "\n", "run: .venv/bin/drac openapi > docs/reference/openapi.json"


def test_the_contract_has_71_operations_and_every_exception_is_one_of_them() -> None:
    assert len(PUBLISHED.operations) == 71
    assert set(DEVIATIONS) <= {one["python_method"] for one in PUBLISHED.operations}


def test_a_missing_argument_a_missing_field_and_another_type_are_found(ours: dict[str, Any]) -> None:
    operation = next(one for one in PUBLISHED.operations if name_of(one) == "GET /catalogue/datasets")
    changed = {
        **operation,
        "parameters": [*operation["parameters"], {"name": "colour", "in": "query", "required": False}],
    }
    assert differences(changed, PUBLISHED, ours) == ["the query argument colour is missing"]
    single = {**operation, "responses": {"200": "Session"}}
    assert differences(single, PUBLISHED, ours) == ["reply is array, Session is declared"]
    sessions = {**operation, "responses": {"200": "array[Session]"}}
    assert "reply[].sessionId is missing" in differences(sessions, PUBLISHED, ours)
    number = {**operation, "responses": {"200": "number"}}
    assert differences(number, PUBLISHED, ours) == ["reply is array, number is declared"]
