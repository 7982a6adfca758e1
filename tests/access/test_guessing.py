"""Guessing passwords through the facade: slow for who guesses, without harm for others."""

from __future__ import annotations

import ipaddress

import pytest
import requests

from drac_plugins.core.web.addresses import believed
from tests.access.world import World

OFFICE, ATTACKER = "192.0.2.1", "2001:db8::bad"


def attempt(world: World, user: str, password: str, address: str) -> requests.Response:
    credentials = {"plugin": "simple", "username": user, "password": password}
    headers = {"X-Forwarded-For": address}
    return world.facade.request("POST", "/session", json=credentials, headers=headers)


def test_who_guesses_has_to_wait_and_others_at_the_same_place_do_not(world: World) -> None:
    replies = [attempt(world, "nobody at all", f"guess {number}", OFFICE) for number in range(11)]
    assert {reply.status_code for reply in replies} == {403}
    assert ["from here" in reply.text for reply in replies] == [False] * 10 + [True]
    assert attempt(world, "bo", "bo", OFFICE).status_code == 200
    assert "from here" not in attempt(world, "nobody at all", "guess", ATTACKER).text


def test_the_catalogue_learns_for_whom_we_ask_so_that_guessing_elsewhere_locks_nobody_out(world: World) -> None:
    assert attempt(world, "guest", "guest", OFFICE).status_code == 200
    for number in range(7):
        assert attempt(world, "guest", f"wrong {number}", ATTACKER).status_code == 403
    assert attempt(world, "guest", "guest", OFFICE).status_code == 200


PROXIES = (ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("::1/128"))


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("192.0.2.9", [], "192.0.2.9"),
        ("192.0.2.9", ["198.51.100.1"], "192.0.2.9"),  # anybody can write the header
        ("10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["6.6.6.6, 198.51.100.1"], "198.51.100.1"),  # what stands before is the client's own word
        ("10.0.0.1", ["6.6.6.6", "198.51.100.1, 10.0.0.2"], "198.51.100.1"),
        ("::1", ["2001:db8::1"], "2001:db8::1"),
        ("10.0.0.1", ["unknown"], "10.0.0.1"),
        ("10.0.0.1", [""], "10.0.0.1"),
        ("", ["198.51.100.1"], ""),
    ],
)
def test_only_our_own_proxies_are_believed(peer: str, forwarded: list[str], client: str) -> None:
    assert believed(peer, forwarded, PROXIES) == client
