"""Runs the unmodified test suite of python-icat against embedded catalogues with data services, on both databases.

`python -m tests.conformance.run [--database sqlite|postgresql|URL] [--folder DIR] [pytest arguments …]`

Each database has a server of its own; both suites run at the same time. The run fails if a test fails, if one is
skipped for a reason that is not in skips.yaml, or if fewer pass than floor.txt says.
"""

from __future__ import annotations

import argparse
import configparser
import os
import signal
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from tests.conformance.environment import (
    HERE,
    SetUpError,
    fetch_suite,
    prepare_environment,
    prepare_locale,
    suite_environment,
    unpack,
)
from tests.conformance.results import Results, read_report
from tests.support.catalogue import start_catalogue
from tests.support.postgres import installed, running_postgres

FLOOR = HERE / "floor.txt"
DEFAULT_FOLDER = HERE.parents[1] / "var" / "conformance"

PASSWORD = "secret"
ACCOUNTS = {
    "root": "simple/root",
    "idsreader": "simple/idsreader",
    "useroffice": "simple/useroffice",
    "ingest": "simple/dataingest",
    **{name: f"db/{name}" for name in ("acord", "ahau", "jbotu", "jdoe", "nbour", "rbeck")},
}
"""Section of the suite's configuration: the account it stands for."""


def main() -> int:
    parser = argparse.ArgumentParser(description="python-icat's own test suite against embedded catalogues.")
    parser.add_argument("--database", help="sqlite, postgresql or a URL; without it both. A URL's content is wiped")
    parser.add_argument("--folder", type=Path, default=DEFAULT_FOLDER, help="keeps the sources and the environment")
    options, arguments = parser.parse_known_args()
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(143))  # so that servers are stopped, too
    try:
        databases = [options.database] if options.database else available()
        outcomes = conform(options.folder.resolve(), databases, arguments)
    except SetUpError as error:
        print(error, file=sys.stderr)
        return 2
    return report(outcomes)


def report(outcomes: dict[str, Results]) -> int:
    """Say how it went, one line for each database; 1 for anything that must not be."""
    floor = int(FLOOR.read_text())
    for name, results in outcomes.items():
        print(f"conformance {name}: {results}")
        for problem in results.problems:
            print(f"  {problem}", file=sys.stderr)
        if results.passed < floor:
            print(f"  at least {floor} must pass", file=sys.stderr)
    bad = any(results.problems or results.passed < floor for results in outcomes.values())
    return 1 if bad else 0


def available() -> list[str]:
    """Both databases, or SQLite alone on a machine without PostgreSQL, unless everything is required."""
    if installed():
        return ["sqlite", "postgresql"]
    hint = "PostgreSQL is not installed (Debian: apt-get install postgresql)"
    if os.environ.get("DRAC_TEST_REQUIRE") == "all":
        raise SetUpError(hint)
    print(f"{hint}: only SQLite is tried", file=sys.stderr)
    return ["sqlite"]


def conform(folder: Path, databases: list[str], arguments: list[str]) -> dict[str, Results]:
    """Results by the name of the database."""
    folder.mkdir(parents=True, exist_ok=True)
    locale = prepare_locale(folder)
    suite = fetch_suite(folder)
    python = prepare_environment(folder / "environment", suite)
    with ExitStack() as open_ends:
        fresh = Path(open_ends.enter_context(tempfile.TemporaryDirectory(prefix="conformance-")))
        urls = {_name(chosen): _url(chosen, open_ends) for chosen in databases}

        def run_one(name: str) -> Results:
            place = fresh / name
            place.mkdir()
            return run_suite(place, name, urls[name], python, suite, suite_environment(locale), arguments)

        with ThreadPoolExecutor(len(urls)) as pool:
            return dict(zip(urls, pool.map(run_one, urls), strict=True))


def _name(chosen: str) -> str:
    return chosen.partition(":")[0].partition("+")[0]


def _url(chosen: str, open_ends: ExitStack) -> str | None:
    """None: a new SQLite file."""
    if chosen == "sqlite":
        return None
    if chosen == "postgresql":
        server = open_ends.enter_context(running_postgres())
        return server.new_database()
    return chosen


def run_suite(
    place: Path,
    name: str,
    database: str | None,
    python: Path,
    suite: Path,
    environment: dict[str, str],
    arguments: list[str],
) -> Results:
    """One server, one run. What pytest says is shown when it is over."""
    tests = unpack(suite, place, python)
    folders = [option for kind in ("uploads", "archive", "links") for option in (f"--{kind}", str(place / kind))]
    server = start_catalogue(
        place / "catalogue", "--quiet", *folders, database=database, users=list(ACCOUNTS.values()), password=PASSWORD
    )
    output, found = place / "output.txt", tests / "report.xml"
    command = [str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={found}", *arguments]
    try:
        write_configuration(tests / "data" / "icat.cfg", server.soap_url, f"{server.url}/ids")
        with output.open("w") as log:
            subprocess.run(command, cwd=tests, env=environment, check=False, stdout=log, stderr=subprocess.STDOUT)
    finally:
        server.stop()
    print(f"--- {name}\n{output.read_text()}{server.log_file.read_text()[-4000:]}", flush=True)
    if not found.exists():
        raise SetUpError("pytest ended without a report; see above")
    return read_report(found)


def write_configuration(path: Path, url: str, ids_url: str) -> None:
    configuration = configparser.ConfigParser(defaults={"url": url, "idsurl": ids_url, "password": PASSWORD})
    for section, account in ACCOUNTS.items():
        mechanism, _, name = account.partition("/")
        configuration[section] = {"auth": mechanism, "username": name}
    with path.open("w") as lines:
        configuration.write(lines)


if __name__ == "__main__":
    sys.exit(main())
