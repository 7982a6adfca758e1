"""The own test suite of pyicat-plus, unmodified, in front of our servers instead of its mocks."""

from __future__ import annotations

import os
import re
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from lxml import etree

from icat_schema.gateway import New, Ref, Select, Session
from icat_schema.gateway.conditions import Eq
from tests.producers.chain import Chain, running_chain
from tests.support.activemq import ActiveMQ, activemq
from tests.support.catalogue import add_accounts
from tests.support.environments import environment

__all__ = ["activemq"]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800), pytest.mark.xdist_group("producers"), pytest.mark.producers]
HERE = Path(__file__).parent
RELEASES = {"2.3": "2.3.0", "3.1.0": "3.1.0"}
MODULES = (
    "test_icat_restricted",
    "test_icat_datasets",
    "test_cli",
    "test_icat_add_files",
    "test_icat_archive",
    "test_icat_update_metadata",
    "test_icat_mockup",
)
"""Those that need a backend; the first wants a session without datasets."""
BEAMLINE = "ID00"
HOME = "/data/visitor/hg123/id00/20260310/RAW_DATA/suite"
"""Of whoever runs the suite: its datasets lie in the folder of the user."""


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory, activemq: ActiveMQ) -> Iterator[Chain]:
    """One installation with both doors, with a beamline and the accounts of the suite."""
    brokers = {"DRAC_INGEST__BROKERS": f'["{activemq.address}"]'}
    with running_chain(tmp_path_factory.mktemp("suite"), None, brokers) as found:
        add_accounts(found.facade.catalogue.database, ["db/john", "db/suite"], "correct")
        _make_room(found.facade.root)
        yield found


def _make_room(root: Session) -> None:
    """The beamline of the suite, a scientist of it, and no sessions but those that the suite begins."""
    root.delete("Investigation", [id_ for (id_,) in root.rows(Select("Investigation", ["id"]))])
    facility = root.rows(Select("Facility", ["id"]))[0][0]
    instrument, user = root.write(
        [
            New("Instrument", {"facility": Ref(facility), "name": BEAMLINE, "fullName": BEAMLINE}),
            New("User", {"name": "db/suite", "fullName": "Scientist of the beamline"}),
        ]
    )
    root.write([New("InstrumentScientist", {"instrument": Ref(instrument), "user": Ref(user)})])


@pytest.mark.activemq
@pytest.mark.parametrize("door", ["listener", "activemq"])
@pytest.mark.parametrize("release", RELEASES)
def test_the_suite_of_a_release_passes(
    release: str, door: str, chain: Chain, activemq: ActiveMQ, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = chain.facade.root
    where = Eq("investigationInstruments.instrument.name", BEAMLINE)
    root.delete("Investigation", [id_ for (id_,) in root.rows(Select("Investigation", ["id"], where))])
    report = _run(release, activemq.address if door == "activemq" else chain.broker, chain, tmp_path)
    known = yaml.safe_load((HERE / "cannot_apply.yaml").read_text())
    passed, left_out, problems = _read(report, known["tests"])
    with capsys.disabled():
        print(f"\npyicat-plus {release} through the {door}: {passed} passed, {left_out.total()} cannot apply")
        for reason, count in sorted(left_out.items()):
            print(f"  {count:3} {reason}")
        for module, reason in known["modules"].items():
            print(f"  not run: {module}, {reason}")
    assert problems == []
    floor = yaml.safe_load((HERE / "floor.yaml").read_text())[release]
    assert passed >= floor, f"at least {floor} have to pass"


def _run(release: str, broker: str, chain: Chain, folder: Path) -> Any:
    """pytest's report of the suite."""
    home = environment(f"pyicat-plus-suite-{release}", f"pyicat-plus[test]=={RELEASES[release]}")
    report = folder / "report.xml"
    command = [home.python, "-m", "pytest", "-q", "-p", "no:pyicat_plus", "-p", "external_backend"]
    command += ["-p", "no:cacheprovider", f"--junitxml={report}", "--pyargs"]
    variables = {
        "PYTHONPATH": str(HERE),
        "HOME": HOME,
        "DRAC_SUITE_BROKER": broker.replace("127.0.0.1", "localhost"),
        "DRAC_SUITE_MONITOR": str(chain.ingester.monitor_port),
        "DRAC_SUITE_FACADE": chain.facade.url.rsplit(":", 1)[1],
        "DRAC_SUITE_INBOX": chain.ingester.settings.store.url.removeprefix("sqlite:///"),
    }
    done = subprocess.run(
        [*command, *(f"pyicat_plus.tests.{module}" for module in MODULES)],
        env={**os.environ, **variables},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=1500,
        check=False,
    )
    assert report.exists(), done.stdout[-3000:] + done.stderr[-3000:]
    return etree.parse(report)


def _read(report: Any, listed: Mapping[str, Sequence[str]]) -> tuple[int, Counter[str], list[str]]:
    """How many passed, how many could not by reason, and every other failure. A test that is listed as one that cannot
    pass, but does, counts as passed."""
    patterns = [(re.compile(pattern), reason) for reason, some in listed.items() for pattern in some]
    passed, left_out = 0, Counter[str]()
    problems = []
    for case in report.iter("testcase"):
        name = case.get("name")
        marks = {child.tag: child.get("message") or "" for child in case}
        if not marks:
            passed += 1
            continue
        reason = next((reason for pattern, reason in patterns if pattern.search(name)), None)
        if reason is None:
            problems.append(f"{name}: {' '.join(marks.values())[:500]}")
        else:
            left_out[reason] += 1
    return passed, left_out, problems
