"""Gets python-icat's test suite ready to run: sources, locale, virtual environment.

The suite exists only in the source distribution of python-icat: pip fetches the one named in suite.txt and checks its
hash. It runs in a virtual environment of its own. Everything is kept in one folder and made once.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import venv
from pathlib import Path

HERE = Path(__file__).parent
SUITE = HERE / "suite.txt"
REQUIREMENTS = HERE / "requirements.txt"

LOCALE = "en_US.UTF-8"

SELDOM_COLLECT = "import gc\n\ngc.set_threshold(100_000, 20, 20)\n"
"""What every Python of the suite's environment does first: its many short processes have nothing to collect."""


class SetUpError(Exception):
    """The suite cannot be run on this machine; the text says what to do."""


def prepare_locale(folder: Path) -> dict[str, str]:
    """What the environment needs so that the suite finds its locale; it is compiled here if the system lacks it."""
    known = subprocess.run(["locale", "-a"], capture_output=True, text=True, check=False).stdout.lower().split()
    if {"en_us.utf8", "en_us.utf-8"} & set(known):
        return {}
    target = folder / "locales" / LOCALE
    if not (target / "LC_CTYPE").exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        compile_it = ["localedef", "-i", "en_US", "-f", "UTF-8", str(target)]
        done = subprocess.run(compile_it, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise SetUpError(
                f"The suite needs the locale {LOCALE}, which is missing, and it cannot be compiled here:\n"
                f"  {done.stderr.strip()}\n"
                "On Debian or Ubuntu install the sources of locales and run this again:\n"
                "  apt-get install locales"
            )
    return {"LOCPATH": str(target.parent)}


def fetch_suite(folder: Path) -> Path:
    """The source distribution, downloaded once."""
    if not any(folder.glob("python_icat-*.tar.gz")):
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--dest", str(folder)]
        run([*pip, "--no-deps", "--no-binary", "python-icat", "--require-hashes", "--requirement", str(SUITE)])
    return next(folder.glob("python_icat-*.tar.gz"))


def prepare_environment(folder: Path, suite: Path) -> Path:
    """The interpreter of a virtual environment with the suite's python-icat; made once per list of requirements."""
    python = folder / "bin" / "python"
    wanted = REQUIREMENTS.read_text() + SUITE.read_text() + SELDOM_COLLECT
    stamp = folder / "installed.txt"
    if not stamp.exists() or stamp.read_text() != wanted:
        venv.create(folder, with_pip=False, clear=True)  # our own pip serves: installing one takes long
        pip = [
            sys.executable,
            "-m",
            "pip",
            "--python",
            str(python),
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ]
        run([*pip, "--requirement", str(REQUIREMENTS), str(suite)])
        (packages,) = folder.glob("lib/python*/site-packages")
        (packages / "sitecustomize.py").write_text(SELDOM_COLLECT)
        stamp.write_text(wanted)
    return python


def unpack(suite: Path, folder: Path, python: Path) -> Path:
    """The suite's folder, unpacked anew and completed by its own set-up command."""
    with tarfile.open(suite) as archive:
        archive.extractall(folder, filter="data")
    (source,) = folder.glob("python*icat-*/")
    run([str(python), "-W", "ignore", "setup.py", "--quiet", "build_test"], cwd=source)
    return source / "tests"


def run(command: list[str], cwd: Path | None = None) -> None:
    try:
        subprocess.run(command, check=True, cwd=cwd)
    except subprocess.CalledProcessError as error:
        raise SetUpError(f"This failed with status {error.returncode}: {' '.join(command)}") from error


def suite_environment(locale: dict[str, str]) -> dict[str, str]:
    """Variables for the suite: ours, without what could change its course."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("DRAC_", "PYTEST_", "LC_"))}
    return {**clean, **locale}
