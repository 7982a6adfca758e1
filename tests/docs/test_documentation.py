"""Every command in the documentation is executed, against the demonstration."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from drac_plugins.core.settings import load
from tests.support.demonstration import Demonstration

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```sh(?P<kind>[^\n]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
WITH_COMMANDS = [page for page in PAGES if any(not block["kind"].strip() for block in BLOCK.finditer(page.read_text()))]
LINK = re.compile(r"\]\((?!https?:)([^)#]+)")


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_link_leads_to_a_file(page: Path) -> None:
    missing = [link for link in LINK.findall(page.read_text()) if not (page.parent / link).exists()]
    assert missing == []


@pytest.mark.slow
@pytest.mark.xdist_group("demo")
@pytest.mark.parametrize("page", [page for page in WITH_COMMANDS if page.name != "README.md"], ids=name)
def test_the_commands_of_a_page_succeed(page: Path, demonstration: Demonstration, tmp_path: Path) -> None:
    """They run one after the other in a shell, in a folder where data and commands are where the page says; only
    addresses differ."""
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "data").symlink_to(demonstration.data)
    (tmp_path / ".venv").symlink_to(Path(sys.executable).parents[1])
    for part in ("conf", "docs"):
        (tmp_path / part).symlink_to(ROOT / part)
    blocks = [block["text"] for block in BLOCK.finditer(page.read_text()) if not block["kind"].strip()]
    script = "\n".join(blocks)
    for written, actual in (
        ("http://127.0.0.1:8000", demonstration.url),
        ("http://127.0.0.1:8181", demonstration.catalogue_url),
        ("127.0.0.1:61613", demonstration.broker),
    ):
        script = script.replace(written, actual)
    environment = {key: value for key, value in os.environ.items() if not key.startswith("DRAC_")}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, f"{script}\n--- stdout\n{done.stdout}\n--- stderr\n{done.stderr}"


def test_the_readme_names_only_targets_of_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text()
    named = re.findall(r"^make ([a-z-]+)", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert named
    assert all(f"\n{target}:" in makefile for target in named)


def test_the_settings_of_the_how_to_are_accepted(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "how-to" / "run-at-a-facility.md").read_text()
    blocks = re.findall(r"^```toml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert blocks
    for block in blocks:
        path = tmp_path / "drac.toml"
        path.write_text(block)
        tomllib.loads(block)
        assert load(path, {}).icat.url.startswith("https://")
