"""A gateway to the embedded catalogue, over the wire."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from icat_schema.gateway import Catalogue, GatewaySettings, Session
from tests.gateway.world import World, build
from tests.support.catalogue import RunningCatalogue, catalogue, fresh_catalogue

__all__ = ["catalogue", "fresh_catalogue"]


@pytest.fixture(scope="session")
def gate(catalogue: RunningCatalogue) -> Iterator[Catalogue]:
    gate = Catalogue(GatewaySettings(catalogue.url))
    yield gate
    gate.close()


@pytest.fixture
def root(gate: Catalogue) -> Session:
    return gate.login("simple", {"username": "root", "password": "root"})


@pytest.fixture
def world(root: Session) -> World:
    return build(root)
