"""Log-in by a token of an OpenID provider: `plugin` names it, the password is the token, there is no user name."""

from __future__ import annotations

import base64
import hmac
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from drac_plugins.core.errors import BadCredentials, Unavailable
from drac_plugins.core.settings import OpenId, Settings, SettingsError
from drac_plugins.core.signin.provider import Provider
from icat_schema.gateway.errors import LoginRefused
from tests.support.facade import RunningFacade
from tests.support.openid import CLIENT, OpenIdProvider, ec_key, rsa_key


def log_in(facade: RunningFacade, token: str, **more: str) -> requests.Response:
    return facade.request("POST", "/session", json={"plugin": "esrf", "password": token, **more})


@pytest.fixture(autouse=True)
def one_key(provider: OpenIdProvider) -> Iterator[None]:
    """Each test leaves the provider with the key that it found."""
    before = list(provider.keys)
    yield
    provider.keys[:], provider.broken = before, False


@pytest.fixture
def ours(provider: OpenIdProvider) -> Provider:
    """One that has not asked for anything yet, with a clock that stands."""
    return Provider(OpenId(issuer=provider.url, client_id=CLIENT), clock=lambda: 1000.0)


def test_a_token_opens_a_session_of_the_user_whom_it_names(facade: RunningFacade, provider: OpenIdProvider) -> None:
    found = log_in(facade, provider.token()).json()
    assert (found["name"], found["username"]) == ("simple/ada", "ada")
    assert facade.get(f"/session/{found['sessionId']}").json()["userName"] == "simple/ada"


def test_a_password_still_logs_in_beside_it(facade: RunningFacade) -> None:
    credentials = {"plugin": "simple", "username": "bo", "password": "bo"}
    assert facade.request("POST", "/session", json=credentials).status_code == 200


def base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def faulty(provider: OpenIdProvider) -> dict[str, str]:
    now = int(time.time())
    stranger, good = rsa_key(), provider.token()
    head, body, signature = good.split(".")
    other_body = provider.token(preferred_username="ed").split(".")[1]
    hashed = base64url(json.dumps({"alg": "HS256", "kid": provider.keys[0].kid}).encode()) + f".{other_body}"
    secret = provider.keys[0].as_pem(private=False)
    unsigned = "eyJhbGciOiJub25lIn0." + other_body + "."
    disguised = f"{hashed}.{base64url(hmac.digest(secret, hashed.encode(), 'sha256'))}"
    stolen_name = rsa_key()
    stolen_name = type(stolen_name).import_key({**stolen_name.as_dict(private=True), "kid": provider.keys[0].kid})
    return {
        "of another issuer": provider.token(iss="https://elsewhere.example.org"),
        "without an issuer": provider.token(iss=None),
        "for another audience": provider.token(aud="another"),
        "for many others": provider.token(aud=["another", "third"]),
        "without an audience": provider.token(aud=None),
        "that is over": provider.token(exp=now - 120),
        "that never ends": provider.token(exp=None),
        "that is not valid yet": provider.token(nbf=now + 600),
        "about nobody": provider.token(sub=None),
        "signed by a stranger": provider.token(stranger),
        "signed by a stranger under the key id of the provider": provider.token(stolen_name),
        "without a signature": unsigned,
        "signed with the public key as a secret": disguised,
        "with another body": f"{head}.{other_body}.{signature}",
        "without its last part": f"{head}.{body}",
        "that is none": "no token at all",
        "that is empty": "",
        "that is endless": "x" * 20_000,
        "with an odd character": good[:-3] + "é",
    }


def test_a_token_that_proves_nothing_is_refused_by_the_facade_and_by_the_catalogue(
    facade: RunningFacade, provider: OpenIdProvider
) -> None:
    for what, token in faulty(provider).items():
        reply = log_in(facade, token)
        assert (reply.status_code, reply.text.startswith("Authentication failed")) == (403, True), what
        assert token == "" or token not in reply.text, what
        if what != "about nobody":  # the catalogue asks for the claim that it uses
            with pytest.raises(LoginRefused):
                facade.services.catalogue.login("oidc", {"token": token})


def test_clocks_may_differ_a_little(facade: RunningFacade, provider: OpenIdProvider) -> None:
    now = int(time.time())
    assert log_in(facade, provider.token(exp=now - 30)).status_code == 200
    assert log_in(facade, provider.token(nbf=now + 30, iat=now + 30)).status_code == 200


def test_a_token_for_several_audiences_is_for_us_too(facade: RunningFacade, provider: OpenIdProvider) -> None:
    assert log_in(facade, provider.token(aud=["another", CLIENT])).status_code == 200


def test_a_token_of_somebody_whom_the_catalogue_takes_for_another_is_refused(
    facade: RunningFacade, provider: OpenIdProvider
) -> None:
    openid = facade.services.settings.auth.openid
    assert openid.user_claim == "preferred_username"
    assert log_in(facade, provider.token(preferred_username=["ada"])).status_code == 403
    assert log_in(facade, provider.token(preferred_username=None)).status_code == 403


def test_keys_are_asked_for_once_and_again_when_a_token_names_a_new_one(
    ours: Provider, provider: OpenIdProvider
) -> None:
    seconds = [1000.0]
    ours._clock = lambda: seconds[0]
    asked = len(provider.asked)
    for _ in range(3):
        assert ours.claims(provider.token())["preferred_username"] == "ada"
    assert provider.asked[asked:] == ["/.well-known/openid-configuration", "/keys"]
    new = ec_key()
    provider.keys.insert(0, new)
    seconds[0] += 31
    assert ours.claims(provider.token(new, "ES256"))["preferred_username"] == "ada"
    assert provider.asked[asked:].count("/keys") == 2


def test_invented_key_ids_do_not_make_us_bother_the_provider(ours: Provider, provider: OpenIdProvider) -> None:
    ours.claims(provider.token())
    asked = len(provider.asked)
    for _ in range(5):
        with pytest.raises(BadCredentials):
            ours.claims(provider.token(rsa_key()))
    assert len(provider.asked) == asked


def test_a_key_that_the_provider_has_withdrawn_counts_no_more_after_a_while(
    ours: Provider, provider: OpenIdProvider
) -> None:
    seconds = [1000.0]
    ours._clock = lambda: seconds[0]
    old = provider.keys[0]
    ours.claims(provider.token(old))
    provider.keys[:] = [ec_key()]
    seconds[0] += ours.settings.keys_seconds + 1
    with pytest.raises(BadCredentials):
        ours.claims(provider.token(old))


def test_a_provider_that_does_not_answer_is_told_as_such(ours: Provider, provider: OpenIdProvider) -> None:
    token = provider.token()
    provider.broken = True
    with pytest.raises(Unavailable, match="OpenID provider does not answer"):
        ours.claims(token)
    provider.broken = False
    assert ours.claims(token)["sub"] == "17", "and asked again the next time"


def test_a_provider_that_calls_itself_otherwise_is_not_believed(provider: OpenIdProvider) -> None:
    other = Provider(OpenId(issuer=f"{provider.url}/", client_id=CLIENT))
    with pytest.raises(Unavailable, match="calls itself"):
        other.claims(provider.token())


@pytest.mark.parametrize(
    "openid",
    [{"issuer": "http://sso.example.org", "client_id": "x"}, {"issuer": "https://sso.example.org"}, {"issuer": "sso"}],
)
def test_a_provider_that_cannot_be_trusted_is_a_start_up_error(openid: dict[str, Any]) -> None:
    with pytest.raises((ValueError, SettingsError), match=r"issuer|client_id"):
        Settings.model_validate({"auth": {"openid": openid}})
