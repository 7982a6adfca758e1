"""The authenticator `oidc`: users who come with a token of the facility's OpenID provider instead of a password."""

from __future__ import annotations

import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from typing import Any

from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from icat_schema.server.errors import IcatError

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
"""Signatures that only the provider can make."""
LONGEST_TOKEN = 16_384
LEEWAY_SECONDS = 60
KEPT_SECONDS = 3600.0
FRESH_EVERY = 30.0
"""Seconds between two requests for keys because of a key id that nobody knows: anybody can invent some."""
_TIMEOUT = 10.0
_LONGEST_DOCUMENT = 1024 * 1024
_REFUSED = "The token is not valid"


class Tokens:
    """Checks tokens of one provider. Thread-safe; the provider is asked when the first token comes.

    `audiences`: tokens must be for one of them. `claim`: holds the name of the user.
    """

    def __init__(
        self, issuer: str, audiences: Sequence[str], claim: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._issuer = issuer
        self._claim = claim
        self._clock = clock
        self._rules = jwt.JWTClaimsRegistry(
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": issuer},
            aud={"essential": True, "values": list(audiences)},
            exp={"essential": True},
        )
        self._lock = threading.Lock()
        self._keys: KeySet | None = None
        self._fetched = 0.0

    def user(self, token: str) -> str:
        """The name in the claim. Raises IcatError of type SESSION for what is no valid token, and INTERNAL when the
        provider does not tell its keys."""
        if len(token) > LONGEST_TOKEN:
            raise IcatError("SESSION", _REFUSED)
        try:
            claims = self._decoded(token).claims
            self._rules.validate(claims)
        except (JoseError, ValueError, TypeError):
            raise IcatError("SESSION", _REFUSED) from None
        name = claims.get(self._claim)
        if not isinstance(name, str) or not name or len(name) > 200 or not name.isprintable():
            raise IcatError("SESSION", f"The token has no {self._claim} that could be a user name")
        return name

    def _decoded(self, token: str) -> jwt.Token:
        try:
            return jwt.decode(token, self._current_keys(), algorithms=list(ALGORITHMS))
        except InvalidKeyIdError:
            return jwt.decode(token, self._current_keys(unknown=True), algorithms=list(ALGORITHMS))

    def _current_keys(self, *, unknown: bool = False) -> KeySet:
        with self._lock:
            age = self._clock() - self._fetched
            if self._keys is None or age > (FRESH_EVERY if unknown else KEPT_SECONDS):
                self._fetched = self._clock()
                self._keys = self._published()
            return self._keys

    def _published(self) -> KeySet:
        try:
            about = _document(f"{self._issuer.rstrip('/')}/.well-known/openid-configuration")
            return KeySet.import_key_set(_document(about["jwks_uri"]))
        except (OSError, urllib.error.URLError, JoseError, ValueError, KeyError, TypeError) as error:
            raise IcatError(
                "INTERNAL", f"The OpenID provider does not tell its keys ({type(error).__name__})"
            ) from None


def _document(address: str) -> Any:
    if not address.startswith(("https://", "http://")):
        raise ValueError(address)
    with urllib.request.urlopen(address, timeout=_TIMEOUT) as reply:  # noqa: S310 - of these two schemes
        return json.loads(reply.read(_LONGEST_DOCUMENT))
