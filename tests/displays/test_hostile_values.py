"""Whatever a producer wrote, a view is made and is JSON."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from displays.library import Library
from displays.listing import build_list
from displays.plots import plot_data
from displays.reader import Reader
from displays.records import parameters
from displays.view import build
from displays.view_model import as_json
from icat_schema.parameters import vocabulary
from icat_schema.techniques import techniques
from tests.displays.datasets import PARIS, Scene, biosaxs, mx_scene, tilt_series, tomography

VALUES = st.one_of(
    st.text(max_size=20),
    st.floats().map(str),
    st.sampled_from(["1e308", "-1e308", "1e400", "2.3±0.1", "1e308±1e308", "0", "-0", "1_000", "٣", "NaN±1", "1/0"]),
)
UNITS = st.sampled_from([None, "NA", "mm", "percent", "nonsense", "9**9**9", "°C", "byte", "s"])


@pytest.mark.parametrize(
    "scene", [mx_scene(), tilt_series(), tomography(), biosaxs()], ids=["mx", "em", "tomo", "saxs"]
)
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_no_value_of_a_producer_breaks_a_view(stock: Library, scene: Scene, data: st.DataObject) -> None:
    spoilt = {}
    for one in scene.lineage.datasets.values():
        names = sorted(one.parameters)
        changed = data.draw(st.sets(st.sampled_from(names), max_size=4))
        values = {name: p.value for name, p in one.parameters.items()} | {name: data.draw(VALUES) for name in changed}
        units = {name: unit for name in changed if (unit := data.draw(UNITS)) is not None}
        spoilt[one.id] = replace(one, parameters=parameters(values, units))
    lineage = replace(scene.lineage, datasets=spoilt)
    reader = Reader(PARIS, vocabulary(), techniques())
    raws = [spoilt[raw.id] for raw in scene.raw]
    for display in stock:
        for one in list(spoilt.values())[:3]:
            json.dumps(as_json(build(display, one, lineage, reader)), allow_nan=False)
        json.dumps(as_json(build_list(display, raws, lineage, reader)), allow_nan=False)
        json.dumps(as_json(plot_data(display, raws, lineage, reader)), allow_nan=False)
    assert stock.resolve(raws[0]).explain().text()
