"""mxcubecore as its page says: unmodified, in an environment of its own, with tokens of an OpenID provider."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from drac_plugins.core.inbox import Inbox
from drac_plugins.core.storage import Store, upgrade
from icat_schema.gateway import New, Ref, Select
from icat_schema.gateway.conditions import Eq
from tests.clients.pages import said
from tests.ingest.door.running import running_listener
from tests.support.catalogue import start_catalogue
from tests.support.environments import environment
from tests.support.facade import RunningFacade, running_facade
from tests.support.openid import CLIENT, OpenIdProvider, openid_provider

pytestmark = [pytest.mark.slow, pytest.mark.producers, pytest.mark.timeout(1800), pytest.mark.xdist_group("programs")]

NEEDED = (
    *("gevent", "pydantic>=2.8", "requests", "pyicat-plus>=3.1", "esrf-ontologies", "lxml", "ruamel.yaml<0.18"),
    *("jsonpickle", "f90nml", "colorama", "lucid3", "PyDispatcher", "jsonschema", "numpy", "scipy", "psutil"),
    *("defusedxml", "suds-py3", "Pillow"),
)
"""What mxcubecore requires, without what talks to directories, devices and cameras."""
BEAMLINE = """
import json, sys
from pathlib import Path
from types import SimpleNamespace
from mxcubecore import HardwareRepository as HWR
from mxcubecore.model.lims_session import LimsSessionManager

HWR._instance = SimpleNamespace(find_in_repository=lambda name: name)
lims = HWR.load_from_yaml(sys.argv[1], "lims")
HWR.beamline = SimpleNamespace(session=SimpleNamespace(beamline_name="ID30A-1"))
lims.init()
lims.session_manager = LimsSessionManager()
manager, session, sessions = lims.login("ada", sys.argv[2], None)
lims.session_manager.sessions = sessions
lims.set_active_session_by_id(sessions[0].session_id)
lims.allow_session(sessions[0])
lims._icat_client.disconnect()
shown = ("proposal_name", "title", "beamline_name", "is_scheduled_time", "is_scheduled_beamline", "session_id")
print(json.dumps({"user": session.username, "sessions": [[getattr(s, name) for name in shown] for s in sessions]}))
"""


@dataclass(frozen=True)
class Ground:
    facade: RunningFacade
    provider: OpenIdProvider


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    with openid_provider() as provider:
        catalogue = start_catalogue(tmp_path_factory.mktemp("catalogue"), *provider.options)
        settings = {"auth": {"openid": {"issuer": provider.url, "client_id": CLIENT}}}
        with running_facade(catalogue, tmp_path_factory.mktemp("facade"), settings=settings) as facade:
            yield Ground(facade, provider)
        catalogue.stop()


@pytest.fixture
def session_now(ground: Ground) -> int:
    """Ada's session on ID30A-1, which has begun."""
    root = ground.facade.root
    ids = {e: root.rows(Select(e, ["id"]))[0][0] for e in ("Facility", "InvestigationType")}
    instrument = root.rows(Select("Instrument", ["id"], Eq("name", "ID30A-1")))[0][0]
    ada = root.rows(Select("User", ["id"], Eq("name", "simple/ada")))[0][0]
    now = datetime.now(UTC).replace(microsecond=0)
    fields = {
        "name": "MX-9999",
        "visitId": "ID30A-1 now",
        "title": "Crystals of today",
        "facility": Ref(ids["Facility"]),
        "type": Ref(ids["InvestigationType"]),
        "startDate": now - timedelta(hours=1),
        "endDate": now + timedelta(hours=7),
        "investigationInstruments": [New("InvestigationInstrument", {"instrument": Ref(instrument)})],
        "investigationUsers": [New("InvestigationUser", {"user": Ref(ada), "role": "Principal investigator"})],
    }
    return root.write([New("Investigation", fields)])[0]


def test_a_token_opens_the_session_of_today_and_its_use_is_announced(
    ground: Ground, session_now: int, tmp_path: Path
) -> None:
    mxcube = environment("mxcubecore", *NEEDED, alone="mxcubecore==2.149.0")
    store = Store(f"sqlite:///{tmp_path / 'store.sqlite'}")
    upgrade(store)
    with running_listener(Inbox(store)) as broker:
        addresses = {"http://127.0.0.1:8000": ground.facade.url, "127.0.0.1:61613": f"{broker.host}:{broker.port}"}
        configuration = tmp_path / "lims.yaml"
        configuration.write_text(said("mxcubecore", "yaml", addresses))
        done = subprocess.run(
            [mxcube.python, "-c", BEAMLINE, str(configuration), ground.provider.token()],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr
        found = json.loads(done.stdout.splitlines()[-1])
        assert found["user"] == "ada"
        today = [one for one in found["sessions"] if one[0] == "MX-9999"]
        assert today == [["MX-9999", "Crystals of today", "ID30A-1", True, True, str(session_now)]]
        assert [row.queue for row in broker.arrived(1)] == ["rescheduleInvestigation"]
    store.close()
