"""A facade with all plugins in front of one catalogue, and browsers without a screen: sessions that keep cookies."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import requests

from tests.portal.laboratory import Laboratory, Visitor
from tests.support.catalogue import catalogue
from tests.support.facade import RunningFacade, facade

__all__ = ["catalogue", "facade"]


@pytest.fixture(scope="session")
def laboratory(facade: RunningFacade) -> Laboratory:
    """Writes sessions and datasets as root."""
    return Laboratory(facade)


@pytest.fixture
def visit(facade: RunningFacade) -> Iterator[Callable[..., Visitor]]:
    """`visit("ada")` logs in through the form; `visit()` is nobody."""
    opened: list[Visitor] = []

    def visitor(login: str | None = None) -> Visitor:
        found = Visitor(facade.url, requests.Session())
        opened.append(found)
        if login is not None:
            assert found.log_in(login, login).status_code == 303
        return found

    yield visitor
    for one in opened:
        one.http.close()
