"""The information that portals show."""

from __future__ import annotations

import icat_plus_client
import pytest
from icat_plus_client.exceptions import ForbiddenException

from tests.support.facade import RunningFacade


def tell(facade: RunningFacade, user: str, text: str) -> icat_plus_client.Message:
    api = icat_plus_client.MESSAGESApi(facade.client())
    body = icat_plus_client.Message(type="INFORMATION", message=text)
    return api.messages_session_id_information_put(facade.log_in(user), body)


def shown(facade: RunningFacade, type_: str | None = None) -> list[str | None]:
    found = icat_plus_client.MESSAGESApi(facade.client()).messages_get(type_)
    return [message.message for message in found]


def test_an_administrator_sets_what_everybody_reads_until_it_is_set_again(facade: RunningFacade) -> None:
    first = tell(facade, "ed", "Maintenance on Monday")
    assert shown(facade) == shown(facade, "information") == ["Maintenance on Monday"]
    assert tell(facade, "root", "Over").id == first.id
    assert shown(facade, "INFORMATION") == ["Over"]
    assert shown(facade, "WARNING") == []


def test_an_empty_text_hides_the_message(facade: RunningFacade) -> None:
    tell(facade, "ed", "Something")
    tell(facade, "ed", "  ")
    assert shown(facade) == []


@pytest.mark.parametrize("user", ["ada", "cy", "dee"])
def test_nobody_else_may_set_it(facade: RunningFacade, user: str) -> None:
    tell(facade, "ed", "Before")
    with pytest.raises(ForbiddenException):
        tell(facade, user, "Owned")
    assert shown(facade) == ["Before"]


def test_the_text_travels_as_it_is(facade: RunningFacade) -> None:
    text = "<script>alert(1)</script> à 12 h 'x' \"y\""
    tell(facade, "ed", text)
    assert shown(facade) == [text]
