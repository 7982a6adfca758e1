"""python-icat's own scripts restore its reference dump and write it back, byte for byte."""

from __future__ import annotations

import re
import subprocess
import sysconfig
from pathlib import Path

import pytest

from tests.support.catalogue import RunningCatalogue

DUMPS = Path(__file__).parents[2] / "data" / "python-icat"
SCRIPTS = Path(sysconfig.get_path("scripts"))
HEADER = re.compile(
    r"^# (Date|Service|ICAT-API|Generator): .*$"
    r"|<(date|service|apiversion|generator)>.*</\2>",
    re.MULTILINE,
)


def _run(script: str, catalogue: RunningCatalogue, *options: str | Path) -> None:
    account = ("-w", catalogue.soap_url, "-a", "simple", "-u", "root", "-p", "root")
    command = [SCRIPTS / script, *account, *options]
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def _content(path: Path) -> str:
    """The dump without the lines that tell when and where it was made."""
    return HEADER.sub("", path.read_text(encoding="utf-8"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("new_database", "read", "written"),
    [("sqlite", "yaml", "xml"), pytest.param("postgresql", "xml", "yaml", marks=pytest.mark.postgres)],
    indirect=["new_database"],
)
def test_the_reference_dump_comes_back_unchanged_and_is_wiped(
    fresh_catalogue: RunningCatalogue, tmp_path: Path, read: str, written: str
) -> None:
    _run("icatingest.py", fresh_catalogue, "-f", read.upper(), "-i", DUMPS / f"icatdump-5.0.{read}")
    made = tmp_path / f"dump.{written}"
    _run("icatdump.py", fresh_catalogue, "-f", written.upper(), "-o", made)
    assert _content(made) == _content(DUMPS / f"icatdump-5.0.{written}")

    client = fresh_catalogue.client()
    assert client.search("SELECT COUNT(r) FROM Rule r") == [159]
    _run("wipeicat.py", fresh_catalogue)
    for name in client.getEntityNames():
        assert client.search(f"SELECT COUNT(e) FROM {name} e") == [0], name
