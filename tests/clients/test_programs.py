"""Published programs with the settings of their pages, unmodified, each in an environment of its own."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from icat_schema.gateway import New, Ref, Select
from icat_schema.gateway.conditions import Eq
from tests.clients.pages import said, variables
from tests.clients.smis import running_smis
from tests.support.environments import environment
from tests.support.facade import RunningFacade

pytestmark = [pytest.mark.slow, pytest.mark.producers, pytest.mark.timeout(1800), pytest.mark.xdist_group("programs")]
RELEASED = "2026-10-01"
"""Of MD-1290, which has a DOI."""


@pytest.fixture
def team(facade: RunningFacade) -> Iterator[int]:
    """The investigation that is released on that day, with vera in its team and lou as local contact."""
    root = facade.root
    ((investigation,),) = root.rows(Select("Investigation", ["id"], Eq("name", "MD-1290")))
    users = root.write([New("User", {"name": name}) for name in ("vera/5", "lou")])
    roles = zip(users, ("Participant", "Local contact"), strict=True)
    home = {"investigation": Ref(investigation)}
    members = root.write([New("InvestigationUser", {**home, "user": Ref(user), "role": role}) for user, role in roles])
    yield int(investigation)
    root.delete("InvestigationUser", members)
    root.delete("User", users)


def test_drac_notifier_warns_the_team_and_not_the_local_contact(
    facade: RunningFacade, team: int, tmp_path: Path
) -> None:
    notifier = environment("drac-notifier", "drac-notifier==0.1.6", "pyicat-plus==2.3.*")
    settings = variables(said("drac-notifier", "ini", {"http://127.0.0.1:8000": facade.url}))
    command = said("drac-notifier", "text", {}).split()
    with running_smis() as smis:
        others = {"SMIS_SERVER": smis, "SMIS_USERNAME": "notifier", "SMIS_PASSWORD": "notifier"}
        mails = dict.fromkeys(("BCC_EMAIL", "SENDER_EMAIL", "CONTACT_EMAIL"), "data@example.org")
        done = subprocess.run(
            [notifier.script(command[0]), *command[1:]],
            env={**os.environ, **settings, **others, **mails},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=300,
        )
    said_then = done.stderr
    assert done.returncode == 0, said_then
    assert f"[INVESTIGATION] id={team} name=MD-1290 release_date={RELEASED}" in said_then
    assert "user=vera/5 role=Participant email=vera@example.org" in said_then
    assert "lou" not in said_then
    assert "[EMAIL][DRY_RUN]" in said_then
    assert "END Embargo notifications sent successfully" in said_then
