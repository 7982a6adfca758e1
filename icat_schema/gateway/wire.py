"""The one place from which bytes go to the catalogue: pooled HTTP connections for REST and for suds."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from http.cookiejar import DefaultCookiePolicy
from typing import Literal

import requests
import urllib3.exceptions
from requests.adapters import HTTPAdapter

from icat_schema.gateway.counting import CallCounter
from icat_schema.gateway.settings import GatewaySettings


class Wire:
    """Sends requests to the catalogue. Thread-safe: connections are pooled, cookies are refused, nothing is read from
    the environment, redirects are not followed (they would carry session ids elsewhere)."""

    def __init__(self, settings: GatewaySettings, counter: CallCounter) -> None:
        self._timeout = settings.timeout_seconds
        self._counter = counter
        self._size = settings.pool_size
        self._verify = settings.verify
        self._lock = threading.Lock()
        self._session: requests.Session | None = None

    def send(
        self,
        method: Literal["GET", "POST", "PUT", "DELETE"],
        url: str,
        *,
        data: bytes | Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """One call; raises what requests raises. What meets a connection that the server has closed meanwhile is sent
        once more, unless it is a POST."""
        self._counter.add()
        session = self._opened()
        try:
            return self._request(session, method, url, data, headers)
        except requests.exceptions.ConnectionError as error:
            if method == "POST" or not _was_closed(error):
                raise
        return self._request(session, method, url, data, headers)

    def _request(
        self,
        session: requests.Session,
        method: str,
        url: str,
        data: bytes | Mapping[str, str] | None,
        headers: Mapping[str, str] | None,
    ) -> requests.Response:
        return session.request(
            method, url, data=data, headers=headers, timeout=self._timeout, allow_redirects=False, verify=self._verify
        )

    def _opened(self) -> requests.Session:
        with self._lock:
            if self._session is None:
                self._session = self._new_session()
            return self._session

    def _new_session(self) -> requests.Session:
        session = requests.Session()
        session.trust_env = False
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        adapter = HTTPAdapter(pool_connections=1, pool_maxsize=self._size, pool_block=True)
        session.mount("http://", adapter)
        session.mount("https://", adapter)
        return session

    def close(self) -> None:
        """Close the idle connections; the next call opens new ones."""
        with self._lock:
            session, self._session = self._session, None
        if session is not None:
            session.close()


def _was_closed(error: requests.exceptions.ConnectionError) -> bool:
    return bool(error.args) and isinstance(error.args[0], urllib3.exceptions.ProtocolError)
