"""The commands of the how-to, typed in their order into a shell while the demonstration runs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from tests.support.demonstration import Demonstration

pytestmark = [pytest.mark.xdist_group("demo"), pytest.mark.slow]

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "add-a-display.md"


def overview(demonstration: Demonstration) -> int:
    """Id of the tomography scan of the demonstration."""
    credentials = {"plugin": "simple", "username": "ada", "password": "ada"}
    session = requests.post(f"{demonstration.url}/session", json=credentials, timeout=30).json()["sessionId"]
    found = requests.get(
        f"{demonstration.url}/catalogue/datasets",
        params={"instrumentName": "BM18", "datasetType": "acquisition"},
        headers={"Authorization": f"Bearer {session}"},
        timeout=30,
    ).json()
    return int(found[0]["id"])


def test_every_command_of_the_page_works_and_says_what_the_page_promises(
    demonstration: Demonstration, tmp_path: Path
) -> None:
    text = PAGE.read_text(encoding="utf-8")
    script = "\n".join(re.findall(r"```bash\n(.*?)```", text, re.DOTALL))
    script, settings = re.subn(r"(?<=DRAC_CONFIG=).*", str(demonstration.settings_file), script)
    script, dataset = re.subn(r"(?<=^DATASET=).*", str(overview(demonstration)), script, flags=re.MULTILINE)
    assert (settings, dataset) == (1, 1)
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=240,
        env={**os.environ, "PATH": path},
    )
    assert done.returncode == 0, done.stderr
    promised = [line for block in re.findall(r"```text\n(.*?)```", text, re.DOTALL) for line in block.splitlines()]
    assert len(promised) >= 6
    for line in promised:
        assert line in done.stdout
