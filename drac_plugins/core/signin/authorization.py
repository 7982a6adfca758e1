"""Log-in at the provider's own page: where a browser is sent, and what must come back (OpenID Connect's authorization
code flow, with PKCE)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from drac_plugins.core.errors import BadCredentials

if TYPE_CHECKING:  # loaded only where there is one
    from drac_plugins.core.signin.provider import Provider


@dataclass(frozen=True, slots=True)
class Pending:
    """A log-in that has been begun; kept by the browser in the signed cookie, for nobody else to read. `state` proves
    that the answer belongs to it, `nonce` that the token does, `verifier` that the code is redeemed by who asked."""

    state: str
    nonce: str
    verifier: str
    next: str

    @classmethod
    def begun(cls, next_: str) -> Pending:
        return cls(secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_urlsafe(32), next_)

    @classmethod
    def kept(cls, document: object, state: str) -> Pending:
        """The one that the browser has begun. Raises BadCredentials for an answer that belongs to none."""
        try:
            found = cls(**document)  # type: ignore[arg-type]
        except TypeError:
            found = None
        if found is None or not hmac.compare_digest(found.state.encode(), state.encode()):
            raise BadCredentials("Authentication failed: this log-in was not begun here, or long ago; start again")
        return found

    def document(self) -> Mapping[str, str]:
        return asdict(self)


def address(provider: Provider, pending: Pending, return_address: str) -> str:
    """Where the provider's log-in page is. Raises Unavailable."""
    digest = hashlib.sha256(pending.verifier.encode()).digest()
    query = {
        "response_type": "code",
        "client_id": provider.settings.client_id,
        "scope": "openid profile",
        "redirect_uri": return_address,
        "state": pending.state,
        "nonce": pending.nonce,
        "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    }
    there = provider.endpoints().authorization
    return f"{there}{'&' if '?' in there else '?'}{urlencode(query)}"
