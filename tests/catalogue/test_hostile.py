"""Whatever stands in a query, the answer is a list or a sentence, never a failure of the server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drac_plugins.core.reads.wire import arguments
from tests.catalogue.conftest import API_KEY
from tests.catalogue.seed import Facility

Get = Callable[..., Any]

ROUTES = {
    "/catalogue/datasets": arguments.DatasetSearchQuery,
    "/catalogue/{s}/dataset": arguments.DatasetQuery,
    "/catalogue/{s}/investigation": arguments.InvestigationSearchQuery,
    "/catalogue/{s}/samples": arguments.SampleQuery,
    "/catalogue/{s}/datafile": arguments.DatafileQuery,
    "/catalogue/{s}/datacollection": arguments.DataCollectionQuery,
    "/catalogue/parameters": arguments.ParameterTypeQuery,
    f"/dataacquisition/{API_KEY}/investigation": arguments.AcquisitionInvestigationQuery,
    f"/dataacquisition/{API_KEY}/dataset": arguments.AcquisitionDatasetQuery,
}
ATOMS = [
    "1",
    "-1",
    "0",
    "true",
    "2031-05-06",
    "scanType~eq~fly",
    "energy~gt~1",
    "id30a1",
    "participant",
    "NAME",
    "apple",
]
ODD = [
    "'",
    "\\",
    "%",
    "~",
    ";",
    ",",
    "9" * 18,
    "9" * 40,
    "1e3",
    "\u0661",
    "0000-00-00",
    "2031-02-30",
    "x~in~",
    "\ufffd",
]
VALUES = st.one_of(st.sampled_from(ATOMS), st.sampled_from(ODD), st.text(max_size=30))


@pytest.mark.parametrize("path", ROUTES)
@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_query_is_answered(get: Get, facility: Facility, path: str, data: st.DataObject) -> None:
    keys = [field.data_key or name for name, field in ROUTES[path]().fields.items()]
    query = data.draw(st.dictionaries(st.sampled_from(keys), VALUES, max_size=4))
    reply = get("ada", path, **{key: text.encode("utf-8", "surrogatepass") for key, text in query.items()})
    assert reply.status_code in (200, 400), (query, reply.get_data(as_text=True))
    if reply.status_code == 400:
        assert reply.mimetype == "text/plain"


@pytest.mark.parametrize("variable", ["x", "1'", "-1", "9" * 19, "1%2C%27", "%00", "%F0%9F", "..%2F.."])
def test_odd_ids_in_paths_are_refused_or_unknown(get: Get, facility: Facility, variable: str) -> None:
    for path in ("dataset/id/{v}/dataset", "dataset/id/{v}/datafile", "investigation/id/{v}/investigationusers"):
        reply = get("ada", "/catalogue/{s}/" + path.replace("{v}", variable))
        assert reply.status_code in (400, 404), reply.get_data(as_text=True)


@pytest.mark.parametrize("session", ["x", "'", "1%2F2", "%00", "a" * 300, "../../session"])
def test_odd_sessions_are_unknown(get: Get, facility: Facility, session: str) -> None:
    reply = get(None, f"/catalogue/{session}/samples", sampleIds=1)
    assert reply.status_code in (400, 403, 404)
