"""Our own description against what is answered: schemathesis makes requests from it, for every operation, signed in and
not, and holds the answers against it.

The size here is small and always the same; `make schemathesis EXAMPLES=200` makes many more, other ones each time.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.support.catalogue import RunningCatalogue, catalogue
from tests.support.facade import RunningFacade, running_facade

__all__ = ["catalogue"]

EXAMPLES = int(os.environ.get("DRAC_TEST_EXAMPLES", "0"))
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
NEIGHBOUR_MISSING = {501, 502, 503}
"""Where a neighbour of the facade is not connected, or does not answer."""

SHORT_STREAMS = {"plugin": {"changes": {"stream_seconds": 0.2, "poll_seconds": 0.1}}}
SIZE = settings(
    max_examples=EXAMPLES or 3,
    derandomize=not EXAMPLES,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def whole(catalogue: RunningCatalogue, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningFacade]:
    """With all installed plugins."""
    with running_facade(catalogue, tmp_path_factory.mktemp("described"), settings=SHORT_STREAMS) as running:
        yield running


@pytest.mark.parametrize("user", ["ada", None], ids=["signed in", "anonymous"])
def test_every_answer_is_described(whole: RunningFacade, user: str | None) -> None:
    schema = schemathesis.openapi.from_wsgi("/swagger.json", whole.app)
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) > 70
    complaints = [complaint for operation in operations for complaint in _complaints(whole, operation, user)]
    assert not complaints, "\n\n".join(complaints)


def _complaints(whole: RunningFacade, operation: Any, user: str | None) -> list[str]:
    """About one operation, each kind once."""
    found: dict[str, str] = {}

    @SIZE
    @given(operation.as_strategy())
    def ask(case: Any) -> None:
        _sign(case, whole, user)
        response = case.call()
        missing = response.status_code in NEIGHBOUR_MISSING
        try:
            case.validate_response(response, checks=CHECKS[1:] if missing else CHECKS)
        except FailureGroup as group:
            for failure in group.exceptions:
                found.setdefault(_kind(failure), f"{operation.label} as {user}: {failure}\n{response.status_code}")

    ask()
    return list(found.values())


def _kind(failure: BaseException) -> str:
    return failure.title if isinstance(failure, Failure) else type(failure).__name__


def _sign(case: Any, whole: RunningFacade, user: str | None) -> None:
    """What strangers cannot guess is right; only the end of the session is asked for with one that is not there."""
    case.headers["Accept-Encoding"] = "identity"  # answers are read as they are sent
    if user is None:
        return
    session = whole.log_in(user)
    if not (case.method == "DELETE" and case.path.lower().startswith("/session")):
        case.headers["Authorization"] = f"Bearer {session}"
        if "sessionId" in (case.path_parameters or {}):
            case.path_parameters["sessionId"] = session
    if "apiKey" in (case.path_parameters or {}):
        case.path_parameters["apiKey"] = whole.api_key
