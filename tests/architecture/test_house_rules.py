"""House rules that no linter knows. Each test prints every violation, not the first."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("icat_schema", "displays", "ingest", "drac_plugins")
LONGEST_FILE = 500
LONGEST_FUNCTION = 60
BANNED_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "misc"}


def modules() -> Iterator[Path]:
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            if "versions" not in path.parts:  # migrations are lists of tables
                yield path


def test_no_file_has_two_subjects() -> None:
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in modules()}
    assert {name: length for name, length in lengths.items() if length > LONGEST_FILE} == {}


def test_no_function_is_longer_than_a_screen() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}: {node.end_lineno - node.lineno + 1} lines"
        for path in modules()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno + 1 > LONGEST_FUNCTION
    ]
    assert found == []


def test_no_module_is_named_after_nothing() -> None:
    assert [str(path) for path in modules() if path.stem in BANNED_NAMES] == []


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in modules()
        if path.read_text().strip() and ast.get_docstring(ast.parse(path.read_text())) is None
    ]
    assert silent == []


def test_nothing_reads_the_environment_but_the_settings() -> None:
    pattern = re.compile(r"os\.(environ|getenv)")
    allowed = {"drac_plugins/core/settings.py", "drac_plugins/cli.py", "drac_plugins/demo/processes.py"}
    allowed |= {f"drac_plugins/core/web/{name}.py" for name in ("figures", "server")}  # a variable of prometheus-client
    found = [str(p.relative_to(ROOT)) for p in modules() if pattern.search(p.read_text())]
    assert [name for name in found if name not in allowed] == []


def test_every_entry_point_of_ours_can_be_loaded() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for group, points in project["entry-points"].items():
        installed = {point.name: point for point in entry_points(group=group)}
        for name in points:
            assert installed[name].load() is not None


def test_no_document_names_a_machine() -> None:
    pattern = re.compile(r"/(?:work|root|home)/\w+")
    files = [
        ROOT / "README.md",
        ROOT / "CHANGELOG.md",
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "conf").rglob("*.toml"),
    ]
    assert [str(path) for path in files if pattern.search(path.read_text())] == []
