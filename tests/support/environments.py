"""Virtual environments of their own for published programs that cannot share ours. Made once, kept below
`var/environments` (or `DRAC_TEST_ENVIRONMENTS`), shared by test processes and runs."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

_HOME = Path(os.environ.get("DRAC_TEST_ENVIRONMENTS", Path(__file__).parents[2] / "var" / "environments"))


@dataclass(frozen=True)
class Environment:
    """`scripts` holds `python` and the console scripts."""

    scripts: Path

    @property
    def python(self) -> str:
        return str(self.scripts / "python")

    def script(self, name: str) -> str:
        return str(self.scripts / name)


def environment(name: str, *requirements: str, alone: str | None = None) -> Environment:
    """The environment with exactly these requirements, installed from PyPI where it does not exist yet. `alone`: one
    more that is installed without what it requires (parts that need libraries of the system, and are not used)."""
    digest = hashlib.sha256(" ".join([sys.version, *requirements, alone or ""]).encode()).hexdigest()[:12]
    folder = _HOME / f"{name}-{digest}"
    _HOME.mkdir(parents=True, exist_ok=True)
    with (_HOME / f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "ready").exists():
            shutil.rmtree(folder, ignore_errors=True)
            _run(sys.executable, "-m", "venv", str(folder))
            install = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet"]
            _run(*install, *requirements)
            if alone is not None:
                _run(*install, "--no-deps", alone)
            (folder / "ready").touch()
    return Environment(folder / "bin")


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, f"{' '.join(command)}:\n{done.stdout}{done.stderr}"
