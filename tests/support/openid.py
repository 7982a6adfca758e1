"""A real OpenID provider on a free port: keys, discovery, a log-in that always is ada's, and codes with PKCE."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, RSAKey

CLIENT = "drac"


@dataclass
class OpenIdProvider:
    """`keys` are published; tokens are signed with the first unless a test brings its own."""

    url: str = ""
    keys: list[RSAKey | ECKey] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    broken: bool = False

    def token(self, key: RSAKey | ECKey | None = None, algorithm: str = "RS256", **claims: Any) -> str:
        """A token of now for us about ada; claims of None are left out."""
        now = int(time.time())
        usual = {"iss": self.url, "aud": CLIENT, "sub": "17", "preferred_username": "ada", "iat": now, "exp": now + 300}
        said = {name: value for name, value in {**usual, **claims}.items() if value is not None}
        signer = key or self.keys[0]
        return jwt.encode({"alg": algorithm, "kid": signer.kid}, said, signer, algorithms=[algorithm])

    @property
    def options(self) -> tuple[str, ...]:
        """For the embedded catalogue: take these tokens, as logins of `simple`."""
        return ("--oidc-issuer", self.url, "--oidc-audience", CLIENT, "--oidc-mechanism", "simple")

    def documents(self) -> Mapping[str, Any]:
        return {
            "/.well-known/openid-configuration": {
                "issuer": self.url,
                "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token",
                "jwks_uri": f"{self.url}/keys",
            },
            "/keys": KeySet(list(self.keys)).as_dict(private=False),
        }

    def code(self, query: Mapping[str, str]) -> str:
        """Where the browser is sent after ada's log-in."""
        code = secrets.token_urlsafe()
        self.codes[code] = dict(query)
        return f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state']})}"

    def redeemed(self, form: Mapping[str, str]) -> dict[str, Any] | None:
        """Tokens for a code, once, and only with the verifier of its challenge."""
        asked = self.codes.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if asked is None or asked["code_challenge"] != challenge or asked["redirect_uri"] != form.get("redirect_uri"):
            return None
        token = self.token(nonce=asked["nonce"])
        return {"access_token": secrets.token_urlsafe(), "id_token": token, "token_type": "Bearer", "expires_in": 300}


def rsa_key() -> RSAKey:
    key = RSAKey.generate_key(2048, {"use": "sig"}, private=True)
    key.ensure_kid()
    return key


def ec_key() -> ECKey:
    key = ECKey.generate_key("P-256", {"use": "sig"}, private=True)
    key.ensure_kid()
    return key


@contextmanager
def openid_provider() -> Iterator[OpenIdProvider]:
    provider = OpenIdProvider(keys=[rsa_key()])

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            address = urlsplit(self.path)
            provider.asked.append(address.path)
            if address.path == "/authorize":
                query = {name: values[0] for name, values in parse_qs(address.query).items()}
                self._answer(302, {}, provider.code(query))
            elif provider.broken:
                self._answer(500, {})
            else:
                found = provider.documents().get(address.path)
                self._answer(404 if found is None else 200, found)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            tokens = provider.redeemed({name: values[0] for name, values in parse_qs(body).items()})
            self._answer(200 if tokens else 400, tokens or {"error": "invalid_grant"})

        def _answer(self, status: int, document: Any, location: str = "") -> None:
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            if location:
                self.send_header("Location", location)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield provider
    server.shutdown()
    server.server_close()
