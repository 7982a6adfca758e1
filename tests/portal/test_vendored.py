"""Files of other projects that are kept here: exactly as published, with their licence beside them."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import pytest

from drac_plugins.displays import pages

FOLDERS = (Path(pages.__file__).parent / "static" / "vendored", Path(__file__).parent / "vendored")


@pytest.mark.parametrize("folder", FOLDERS, ids=["served", "for tests"])
def test_vendored_files_are_those_that_were_published_and_carry_their_licence(folder: Path) -> None:
    listed = json.loads((folder / "vendored.json").read_text())
    assert {one["file"]: one["sha256"] for one in listed} == {
        one["file"]: sha256((folder / one["file"]).read_bytes()).hexdigest() for one in listed
    }
    assert all((folder / one["licence_file"]).stat().st_size > 100 for one in listed)
    described = {one[key] for one in listed for key in ("file", "licence_file")} | {"vendored.json"}
    assert {path.name for path in folder.iterdir()} == described
