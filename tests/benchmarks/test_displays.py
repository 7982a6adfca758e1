"""The benchmark of the displays, small."""

from __future__ import annotations

import pytest

from benchmarks.displays import Size, run


def test_the_benchmark_of_the_engine_names_its_baseline(capsys: pytest.CaptureFixture[str]) -> None:
    run(Size(rows=20, movies=0))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "displays: 20 movies under cm01-tomo, each with motion correction and CTF estimation"
    assert [line.strip().split("  ")[0] for line in lines[1:]] == [
        "plain loop that only reads the values",
        "resolve by signature",
        "resolve one by one (from 200)",
        "render the list",
    ]
