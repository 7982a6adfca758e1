"""The facility's OpenID provider: what its tokens say, once they are proven to be its own, for us, and of today."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import requests
from joserfc import jwt
from joserfc.errors import ExpiredTokenError, InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from drac_plugins.core.errors import BadCredentials, Unavailable
from drac_plugins.core.settings import OpenId

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
"""Signatures that only the provider can make; never `none`, and none with a shared secret."""
LONGEST_TOKEN = 16_384
_FRESH_KEYS_EVERY = 30.0  # seconds, at most: anybody can send tokens with key ids that nobody has
_TIMEOUT = 10.0
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Endpoints:
    """What the provider publishes about itself (OpenID Connect Discovery)."""

    authorization: str
    token: str
    keys: str


class Provider:
    """Thread-safe; nothing is asked before the first token comes. `clock`: seconds that never go back; `now`: seconds
    since 1970."""

    def __init__(
        self,
        settings: OpenId,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.settings = settings
        self._clock, self._now = clock, now
        self._http = requests.Session()
        self._lock = threading.Lock()
        self._endpoints: Endpoints | None = None
        self._keys: KeySet | None = None
        self._fetched = 0.0

    def claims(self, token: str, nonce: str | None = None) -> Mapping[str, Any]:
        """What a valid token says. `nonce`: what it must repeat, where we have asked for it ourselves.

        Raises BadCredentials for one that is malformed, not signed by the provider, for somebody else, over, or not
        valid yet; Unavailable when the provider does not tell its keys.
        """
        if len(token) > LONGEST_TOKEN:
            raise BadCredentials(f"Authentication failed: a token has at most {LONGEST_TOKEN} characters")
        try:
            claims = self._decoded(token).claims
            self._rules(nonce).validate(claims)
        except ExpiredTokenError:
            raise BadCredentials("Authentication failed: the token is over; sign in again") from None
        except (JoseError, ValueError, TypeError) as error:
            _LOG.info("a token was refused: %s", type(error).__name__)
            raise BadCredentials("Authentication failed: this is no valid token of the OpenID provider") from None
        return claims

    def endpoints(self) -> Endpoints:
        """Raises Unavailable."""
        with self._lock:
            if self._endpoints is None:
                self._endpoints = self._discovered()
            return self._endpoints

    def redeem(self, code: str, verifier: str, return_address: str) -> str:
        """The ID token for the code of an authorization (OpenID Connect Core 3.1.3, with PKCE: RFC 7636). Raises
        BadCredentials when the provider does not take the code, Unavailable when it does not answer."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": return_address,
            "client_id": self.settings.client_id,
            "code_verifier": verifier,
        }
        secret = self.settings.client_secret.get_secret_value()
        own = (self.settings.client_id, secret) if secret else None
        address = self.endpoints().token
        try:
            reply = self._http.post(address, data=form, auth=own, timeout=_TIMEOUT, allow_redirects=False)
            token = reply.json().get("id_token") if reply.ok else None
        except (requests.RequestException, ValueError, AttributeError) as error:
            raise Unavailable(f"the OpenID provider does not answer at {address} ({type(error).__name__})") from None
        if reply.status_code >= 500:
            raise Unavailable(f"the OpenID provider does not answer at {address} (status {reply.status_code})")
        if not isinstance(token, str):
            _LOG.warning("The OpenID provider gave no token for a code: status %d", reply.status_code)
            raise BadCredentials("Authentication failed: the OpenID provider does not confirm this log-in; start again")
        return token

    def _decoded(self, token: str) -> jwt.Token:
        try:
            return jwt.decode(token, self._current_keys(), algorithms=list(ALGORITHMS))
        except InvalidKeyIdError:  # the provider may have a new key
            return jwt.decode(token, self._current_keys(unknown=True), algorithms=list(ALGORITHMS))

    def _rules(self, nonce: str | None) -> jwt.JWTClaimsRegistry:
        audiences = list(self.settings.audiences or (self.settings.client_id,))
        wanted: dict[str, Any] = {
            "iss": {"essential": True, "value": self.settings.issuer},
            "aud": {"essential": True, "values": audiences},
            "exp": {"essential": True},
            "sub": {"essential": True},
        }
        if nonce is not None:
            wanted["nonce"] = {"essential": True, "value": nonce}
        leeway = int(self.settings.leeway_seconds)
        return jwt.JWTClaimsRegistry(now=lambda: int(self._now()), leeway=leeway, **wanted)

    def _current_keys(self, *, unknown: bool = False) -> KeySet:
        address = self.endpoints().keys
        with self._lock:
            age = self._clock() - self._fetched
            old = age > self.settings.keys_seconds or (unknown and age > _FRESH_KEYS_EVERY)
            if self._keys is None or old:
                self._fetched = self._clock()
                self._keys = _key_set(self._document(address))
            return self._keys

    def _discovered(self) -> Endpoints:
        issuer = self.settings.issuer
        found = self._document(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        try:
            endpoints = Endpoints(found["authorization_endpoint"], found["token_endpoint"], found["jwks_uri"])
        except (KeyError, TypeError):
            raise Unavailable(f"the OpenID provider {issuer} does not describe itself") from None
        if found.get("issuer") != issuer:
            raise Unavailable(
                f"the OpenID provider calls itself {found.get('issuer')}, not {issuer}; set auth.openid.issuer"
            )
        return endpoints

    def _document(self, address: str) -> Any:
        try:
            reply = self._http.get(address, timeout=_TIMEOUT, allow_redirects=False)
            reply.raise_for_status()
            return reply.json()
        except (requests.RequestException, ValueError) as error:
            raise Unavailable(f"the OpenID provider does not answer at {address} ({type(error).__name__})") from None


def _key_set(document: Any) -> KeySet:
    try:
        return KeySet.import_key_set(document)
    except (JoseError, KeyError, TypeError, ValueError):
        raise Unavailable("the OpenID provider publishes no keys that can be read") from None
