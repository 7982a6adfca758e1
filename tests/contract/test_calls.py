"""The unmodified published client calls each of the 71 operations: with success on real data, and with its typical
failure. An operation without both fails here."""

from __future__ import annotations

from typing import Any

import pytest

from tests.access.world import World
from tests.contract.asking import UNPARSABLE, Asking
from tests.contract.calls import CALLS
from tests.contract.comparison import contract

OPERATIONS = {one["python_method"]: one for one in contract().operations}


def test_every_operation_is_called() -> None:
    assert set(CALLS) == set(OPERATIONS)
    assert len(CALLS) == 71
    assert set(UNPARSABLE) <= set(OPERATIONS)


@pytest.fixture(params=sorted(OPERATIONS))
def operation(request: pytest.FixtureRequest) -> dict[str, Any]:
    found: dict[str, Any] = OPERATIONS[request.param]
    return found


@pytest.mark.filterwarnings("ignore:GET /:DeprecationWarning")
def test_the_published_client_succeeds(world: World, lonely: str, operation: dict[str, Any]) -> None:
    method = operation["python_method"]
    try:
        assert CALLS[method].ok(Asking(world, operation["class"], method, lonely))
    finally:
        CALLS[method].after(world)


@pytest.mark.filterwarnings("ignore:GET /:DeprecationWarning")
def test_the_published_client_is_told_what_is_wrong(world: World, lonely: str, operation: dict[str, Any]) -> None:
    method = operation["python_method"]
    with pytest.raises(CALLS[method].error) as refused:
        CALLS[method].wrong(Asking(world, operation["class"], method, lonely))
    assert type(refused.value) is CALLS[method].error
    assert len(str(refused.value.body)) > 10
