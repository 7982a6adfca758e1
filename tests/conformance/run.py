"""Runs the unmodified test suite of python-icat against an embedded catalogue of its own.

`python -m tests.conformance.run [--database URL] [--folder DIR] [pytest arguments …]`

The suite exists only in the source distribution of python-icat: pip fetches the one named in suite.txt and checks its
hash. It runs in a virtual environment of its own, against a server on SQLite unless another database is given. The run
fails if a test fails or fewer pass than floor.txt says.
"""

from __future__ import annotations

import argparse
import configparser
import os
import subprocess
import sys
import tarfile
import tempfile
import venv
from collections import Counter
from pathlib import Path

from lxml import etree

from tests.support.catalogue import start_catalogue

HERE = Path(__file__).parent
FLOOR = HERE / "floor.txt"
SUITE = HERE / "suite.txt"
REQUIREMENTS = HERE / "requirements.txt"
DEFAULT_FOLDER = HERE.parents[1] / "var" / "conformance"

LOCALE = "en_US.UTF-8"
PASSWORD = "secret"
ACCOUNTS = {
    "root": "simple/root",
    "useroffice": "simple/useroffice",
    "ingest": "simple/dataingest",
    **{name: f"db/{name}" for name in ("acord", "ahau", "jbotu", "jdoe", "nbour", "rbeck")},
}
"""Section of the suite's configuration: the account it stands for."""


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
    wanted = REQUIREMENTS.read_text() + SUITE.read_text()
    stamp = folder / "installed.txt"
    if not stamp.exists() or stamp.read_text() != wanted:
        venv.create(folder, with_pip=True, clear=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        run([*pip, "--requirement", str(REQUIREMENTS), str(suite)])
        stamp.write_text(wanted)
    return python


def unpack(suite: Path, folder: Path, python: Path) -> Path:
    """The suite's folder, unpacked anew and completed by its own set-up command."""
    with tarfile.open(suite) as archive:
        archive.extractall(folder, filter="data")
    (source,) = folder.glob("python*icat-*/")
    run([str(python), "-W", "ignore", "setup.py", "--quiet", "build_test"], cwd=source)
    return source / "tests"


def write_configuration(path: Path, url: str) -> None:
    configuration = configparser.ConfigParser(defaults={"url": url, "password": PASSWORD})
    for section, account in ACCOUNTS.items():
        mechanism, _, name = account.partition("/")
        configuration[section] = {"auth": mechanism, "username": name}
    with path.open("w") as lines:
        configuration.write(lines)


def run(command: list[str], cwd: Path | None = None) -> None:
    try:
        subprocess.run(command, check=True, cwd=cwd)
    except subprocess.CalledProcessError as error:
        raise SetUpError(f"This failed with status {error.returncode}: {' '.join(command)}") from error


def count(report: Path) -> Counter[str]:
    """How many tests passed, were skipped and failed, by pytest's JUnit report. Errors count as failed."""
    results: Counter[str] = Counter()
    for case in etree.parse(report).iter("testcase"):
        kinds = {child.tag for child in case}
        bad = kinds & {"failure", "error"}
        results["failed" if bad else "skipped" if "skipped" in kinds else "passed"] += 1
    return results


def run_suite(tests: Path, python: Path, environment: dict[str, str], arguments: list[str]) -> Counter[str]:
    report = tests / "report.xml"
    command = [str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}", *arguments]
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("DRAC_", "PYTEST_", "LC_"))}
    subprocess.run(command, cwd=tests, env={**clean, **environment}, check=False)
    if not report.exists():
        raise SetUpError("pytest ended without a report; see above")
    return count(report)


def conform(folder: Path, database: str | None, arguments: list[str]) -> Counter[str]:
    folder.mkdir(parents=True, exist_ok=True)
    environment = prepare_locale(folder)
    suite = fetch_suite(folder)
    python = prepare_environment(folder / "environment", suite)
    with tempfile.TemporaryDirectory() as fresh:
        tests = unpack(suite, Path(fresh), python)
        accounts = list(ACCOUNTS.values())
        server = start_catalogue(
            Path(fresh) / "catalogue", "--quiet", database=database, users=accounts, password=PASSWORD
        )
        try:
            write_configuration(tests / "data" / "icat.cfg", server.soap_url)
            return run_suite(tests, python, environment, arguments)
        finally:
            server.stop()


def main() -> int:
    parser = argparse.ArgumentParser(description="python-icat's own test suite against an embedded catalogue.")
    parser.add_argument("--database", help="of the server; a new SQLite file by default. What is in it is wiped")
    parser.add_argument("--folder", type=Path, default=DEFAULT_FOLDER, help="keeps the sources and the environment")
    options, arguments = parser.parse_known_args()
    try:
        results = conform(options.folder.resolve(), options.database, arguments)
    except SetUpError as error:
        print(error, file=sys.stderr)
        return 2
    floor = int(FLOOR.read_text())
    print(f"{results['passed']} passed, {results['skipped']} skipped, {results['failed']} failed")
    if results["passed"] < floor:
        print(f"at least {floor} must pass", file=sys.stderr)
    return 1 if results["failed"] or results["passed"] < floor else 0


if __name__ == "__main__":
    sys.exit(main())
