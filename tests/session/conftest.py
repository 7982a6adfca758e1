"""A facade with the session plugin alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from drac_plugins.session.plugin import plugin
from icat_schema.gateway import New, Ref, Select
from icat_schema.gateway.conditions import Eq
from tests.support.catalogue import RunningCatalogue, start_catalogue
from tests.support.facade import RunningFacade, running_facade

USERS = ("root", "ada", "ada/17", "ada/23", "adam", "bo", "cy", "dee", "reader", "acquisition", "db/ada", "db/vera/5")


@pytest.fixture(scope="session")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCatalogue]:
    """With people who have several users: ada has three of `simple`; her namesake of `db` is somebody else."""
    server = start_catalogue(tmp_path_factory.mktemp("catalogue"), users=USERS)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def facade(catalogue: RunningCatalogue, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningFacade]:
    with running_facade(catalogue, tmp_path_factory.mktemp("facade"), (plugin,)) as running:
        _more_users(running)
        yield running


def _more_users(facade: RunningFacade) -> None:
    root = facade.root
    names = ("simple/ada/17", "simple/ada/23", "simple/adam", "db/ada", "db/vera/5")
    affiliations = {"simple/ada/17": "Old University"}
    root.write(
        [
            New("User", {"name": name, "fullName": name.upper(), "affiliation": affiliations.get(name, "Elsewhere")})
            for name in names
        ]
    )
    root.write([New("Rule", {"crudFlags": "R", "what": "User"})])
    ((bo,),) = root.rows(Select("User", ["id"], Eq("name", "simple/bo")))
    ((later_ada,),) = root.rows(Select("User", ["id"], Eq("name", "simple/ada/23")))
    root.write(
        [
            New("Grouping", {"name": "minters", "userGroups": [New("UserGroup", {"user": Ref(later_ada)})]}),
            New("Grouping", {"name": "beta-testers", "userGroups": [New("UserGroup", {"user": Ref(bo)})]}),
        ]
    )
