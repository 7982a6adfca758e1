"""What can go wrong on the way to the catalogue, in nine kinds.

    CatalogueError
    |- SessionInvalid         no session, an unknown or an expired one: log in again
    |- LoginRefused           the authenticator said no
    |- AccessDenied           the rules of the catalogue do not allow it
    |- ObjectNotFound         no object of this id
    |- ObjectExists           an object with this unique key is there already
    |- DataNotOnline          the files are in the archive
    |- InvalidRequest         a query or a value that the catalogue does not accept: our caller's mistake
    |- CatalogueBroken        the catalogue answered, but with a failure of its own or with something unreadable
    `- CatalogueUnavailable   no answer: not running, unreachable, too slow, overloaded

Every exception class of requests, urllib and http.client has its place in `FOREIGN`, and those of python-icat and suds
theirs in `soap_errors`, which is loaded only with these; the most specific class wins. No text of a foreign exception
gets into a message unless it has been cleared of secrets, and foreign exceptions are never chained: their texts hold
URLs with session ids.
"""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import urllib.error
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import requests
import urllib3.exceptions

from icat_schema.gateway.redaction import hidden


class CatalogueError(Exception):
    """Root of the family. `message` says what happened and, where that is known, what to do; `temporary` says whether
    the same call may succeed later; `offset` is the position of the offending object in the list of a write."""

    def __init__(self, message: str, *, offset: int | None = None, temporary: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset
        self.temporary = temporary


class SessionInvalid(CatalogueError):
    """No session, an unknown one, or an expired one."""


class LoginRefused(CatalogueError):
    """The authenticator did not accept the credentials, or there is no such authenticator."""


class AccessDenied(CatalogueError):
    """The rules of the catalogue do not allow this."""


class ObjectNotFound(CatalogueError):
    """No object of this id."""


class ObjectExists(CatalogueError):
    """There is an object with this unique key."""


class DataNotOnline(CatalogueError):
    """The files are in the archive of the data service; asking for them has begun to bring them back."""


class InvalidRequest(CatalogueError):
    """A query or a value that the catalogue does not accept."""


class CatalogueBroken(CatalogueError):
    """The catalogue answered with an internal failure or with something that cannot be read."""


class CatalogueUnavailable(CatalogueError):
    """The catalogue does not answer."""

    def __init__(self, message: str, *, offset: int | None = None, temporary: bool = True) -> None:
        super().__init__(message, offset=offset, temporary=temporary)


@dataclass(frozen=True, slots=True)
class Kind:
    error: type[CatalogueError]
    temporary: bool = False
    says: str = ""
    """Our own words; empty: what the server said, cleared of secrets."""

    def made(self, text: str, offset: int | None = None) -> CatalogueError:
        return self.error(self.says or text, offset=offset, temporary=self.temporary)


UNREADABLE = Kind(CatalogueBroken, says="the catalogue's answer cannot be read; is this the address of an ICAT server?")
SILENT = Kind(CatalogueUnavailable, temporary=True, says="the catalogue does not answer; try again later")
_SLOW = Kind(CatalogueUnavailable, temporary=True, says="the catalogue did not answer in time; try again later")
_CUT = Kind(CatalogueUnavailable, temporary=True, says="the catalogue broke the connection off; try again later")
_ADDRESS = Kind(CatalogueUnavailable, temporary=False, says="the address of the catalogue is not a usable URL")
_CERTIFICATE = Kind(
    CatalogueUnavailable, temporary=False, says="no secure connection to the catalogue; check its certificate"
)
_REDIRECTED = Kind(CatalogueBroken, says="the catalogue redirects to another address; set that one as its URL")
CLIENT = Kind(CatalogueBroken, says="python-icat cannot work with this catalogue")
_UNKNOWN_TYPE = Kind(CatalogueBroken, says="the catalogue reports a kind of error that ICAT does not have")
DATA_SERVICE = Kind(CatalogueBroken)
DENIED = Kind(AccessDenied)
ABSENT = Kind(ObjectNotFound)
INVALID = Kind(InvalidRequest)
SERVER_FAULT = Kind(CatalogueBroken, temporary=True)

ICAT_TYPES: Mapping[str, Kind] = {
    "BAD_PARAMETER": INVALID,
    "INTERNAL": SERVER_FAULT,
    "INSUFFICIENT_PRIVILEGES": DENIED,
    "NO_SUCH_OBJECT_FOUND": ABSENT,
    "OBJECT_ALREADY_EXISTS": Kind(ObjectExists),
    "SESSION": Kind(SessionInvalid),
    "VALIDATION": INVALID,
    "NOT_IMPLEMENTED": Kind(CatalogueBroken),
}
"""ICAT's own error types (protocol: IcatException). INTERNAL may be a database that is down: worth another try."""

FOREIGN: Mapping[type[BaseException], Kind] = {
    # requests and what shines through from urllib3
    requests.exceptions.RequestException: SILENT,
    requests.exceptions.HTTPError: SILENT,
    requests.exceptions.ConnectionError: SILENT,
    requests.exceptions.ProxyError: SILENT,
    requests.exceptions.SSLError: _CERTIFICATE,
    requests.exceptions.Timeout: _SLOW,
    requests.exceptions.ConnectTimeout: SILENT,
    requests.exceptions.ReadTimeout: _SLOW,
    requests.exceptions.RetryError: SILENT,
    requests.exceptions.URLRequired: _ADDRESS,
    requests.exceptions.MissingSchema: _ADDRESS,
    requests.exceptions.InvalidSchema: _ADDRESS,
    requests.exceptions.InvalidURL: _ADDRESS,
    requests.exceptions.InvalidProxyURL: _ADDRESS,
    requests.exceptions.InvalidHeader: INVALID,
    requests.exceptions.UnrewindableBodyError: INVALID,
    requests.exceptions.TooManyRedirects: _REDIRECTED,
    requests.exceptions.ChunkedEncodingError: _CUT,
    requests.exceptions.StreamConsumedError: _CUT,
    requests.exceptions.ContentDecodingError: UNREADABLE,
    requests.exceptions.InvalidJSONError: UNREADABLE,
    requests.exceptions.JSONDecodeError: UNREADABLE,
    requests.exceptions.RequestsWarning: CLIENT,
    requests.exceptions.FileModeWarning: CLIENT,
    requests.exceptions.RequestsDependencyWarning: CLIENT,
    urllib3.exceptions.HTTPError: SILENT,
    urllib3.exceptions.TimeoutError: _SLOW,
    urllib3.exceptions.ProtocolError: _CUT,
    urllib3.exceptions.LocationValueError: _ADDRESS,
    # the standard library
    urllib.error.URLError: SILENT,
    urllib.error.HTTPError: SILENT,
    urllib.error.ContentTooShortError: _CUT,
    http.client.HTTPException: _CUT,
    http.client.InvalidURL: _ADDRESS,
    http.client.BadStatusLine: _CUT,
    http.client.IncompleteRead: _CUT,
    http.client.RemoteDisconnected: _CUT,
    json.JSONDecodeError: UNREADABLE,
    UnicodeDecodeError: UNREADABLE,
    ssl.SSLError: _CERTIFICATE,
    ssl.SSLCertVerificationError: _CERTIFICATE,
    socket.gaierror: SILENT,
    socket.herror: SILENT,
    TimeoutError: _SLOW,
    ConnectionError: _CUT,
    OSError: SILENT,
}
"""Every foreign exception class and what it means here."""


def translate(
    error: BaseException, hide: tuple[str, ...] = (), foreign: Mapping[type[BaseException], Kind] = FOREIGN
) -> CatalogueError:
    """The exception of ours for one of `foreign`'s; `hide` are secrets that must not be in the message."""
    kind = next(foreign[cls] for cls in type(error).__mro__ if cls in foreign)
    text = str(getattr(error, "message", "") or error)
    offset = getattr(error, "offset", None)
    return kind.made(hidden(text, hide), offset if isinstance(offset, int) and offset >= 0 else None)


def of_icat(type_: str, text: str, offset: int | None = None, hide: tuple[str, ...] = ()) -> CatalogueError:
    """The exception for an error that ICAT's REST interface reported; an unknown type makes a `CatalogueBroken`."""
    kind = ICAT_TYPES.get(type_, _UNKNOWN_TYPE)
    return kind.made(hidden(text, hide), offset if offset is not None and offset >= 0 else None)


def of_status(status: int, reason: str) -> CatalogueError:
    """The exception for a reply whose body is not one of ICAT's errors: something in front of ICAT answered."""
    if status in (408, 425, 429, 502, 503, 504):
        return CatalogueUnavailable(f"the catalogue is not available (HTTP {status} {reason}); try again later")
    if status in (413, 414, 431):
        return InvalidRequest(f"the catalogue does not take a request of this size (HTTP {status} {reason})")
    if 300 <= status < 400:
        return _REDIRECTED.made("")
    return CatalogueBroken(f"the catalogue answered HTTP {status} {reason}", temporary=status >= 500)


def unreadable() -> CatalogueError:
    """The exception for an answer that has not the form that the protocol gives it."""
    return UNREADABLE.made("")


@contextmanager
def translating(*hide: str, foreign: Mapping[type[BaseException], Kind] = FOREIGN) -> Iterator[None]:
    """Turn foreign exceptions of the block into ours, without a chain (see the module's text)."""
    try:
        yield
    except tuple(foreign) as error:
        raise translate(error, hide, foreign) from None
