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

Every exception class of python-icat, suds, requests, urllib and http.client has its place in `FOREIGN`; the most
specific class wins. No text of a foreign exception gets into a message unless it has been cleared of secrets, and
foreign exceptions are never chained: their texts hold URLs with session ids.
"""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import urllib.error
import xml.sax
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import requests
import suds
import suds.resolver
import suds.transport
import urllib3.exceptions
from icat import exception as icat_exception

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
class _Kind:
    error: type[CatalogueError]
    temporary: bool = False
    says: str = ""
    """Our own words; empty: what the server said, cleared of secrets."""

    def made(self, text: str, offset: int | None = None) -> CatalogueError:
        return self.error(self.says or text, offset=offset, temporary=self.temporary)


_UNREADABLE = _Kind(
    CatalogueBroken, says="the catalogue's answer cannot be read; is this the address of an ICAT server?"
)
_SILENT = _Kind(CatalogueUnavailable, temporary=True, says="the catalogue does not answer; try again later")
_SLOW = _Kind(CatalogueUnavailable, temporary=True, says="the catalogue did not answer in time; try again later")
_CUT = _Kind(CatalogueUnavailable, temporary=True, says="the catalogue broke the connection off; try again later")
_ADDRESS = _Kind(CatalogueUnavailable, temporary=False, says="the address of the catalogue is not a usable URL")
_CERTIFICATE = _Kind(
    CatalogueUnavailable, temporary=False, says="no secure connection to the catalogue; check its certificate"
)
_REDIRECTED = _Kind(CatalogueBroken, says="the catalogue redirects to another address; set that one as its URL")
_CLIENT = _Kind(CatalogueBroken, says="python-icat cannot work with this catalogue")
_UNKNOWN_TYPE = _Kind(CatalogueBroken, says="the catalogue reports a kind of error that ICAT does not have")
_DATA_SERVICE = _Kind(CatalogueBroken)
_DENIED = _Kind(AccessDenied)
_ABSENT = _Kind(ObjectNotFound)
_INVALID = _Kind(InvalidRequest)
_SERVER_FAULT = _Kind(CatalogueBroken, temporary=True)

ICAT_TYPES: Mapping[str, _Kind] = {
    "BAD_PARAMETER": _INVALID,
    "INTERNAL": _SERVER_FAULT,
    "INSUFFICIENT_PRIVILEGES": _DENIED,
    "NO_SUCH_OBJECT_FOUND": _ABSENT,
    "OBJECT_ALREADY_EXISTS": _Kind(ObjectExists),
    "SESSION": _Kind(SessionInvalid),
    "VALIDATION": _INVALID,
    "NOT_IMPLEMENTED": _Kind(CatalogueBroken),
}
"""ICAT's own error types (protocol: IcatException). INTERNAL may be a database that is down: worth another try."""

FOREIGN: Mapping[type[BaseException], _Kind] = {
    # python-icat, as raised from an answer of ICAT
    icat_exception.ICATParameterError: ICAT_TYPES["BAD_PARAMETER"],
    icat_exception.ICATInternalError: ICAT_TYPES["INTERNAL"],
    icat_exception.ICATPrivilegesError: ICAT_TYPES["INSUFFICIENT_PRIVILEGES"],
    icat_exception.ICATNoObjectError: ICAT_TYPES["NO_SUCH_OBJECT_FOUND"],
    icat_exception.ICATObjectExistsError: ICAT_TYPES["OBJECT_ALREADY_EXISTS"],
    icat_exception.ICATSessionError: ICAT_TYPES["SESSION"],
    icat_exception.ICATValidationError: ICAT_TYPES["VALIDATION"],
    icat_exception.ICATNotImplementedError: ICAT_TYPES["NOT_IMPLEMENTED"],
    icat_exception.ICATError: _SERVER_FAULT,
    icat_exception.ServerError: _SERVER_FAULT,
    # python-icat, the data service
    icat_exception.IDSBadRequestError: _INVALID,
    icat_exception.IDSDataNotOnlineError: _Kind(CatalogueUnavailable, temporary=True),
    icat_exception.IDSInsufficientPrivilegesError: _DENIED,
    icat_exception.IDSInsufficientStorageError: _Kind(CatalogueUnavailable, temporary=True),
    icat_exception.IDSInternalError: _SERVER_FAULT,
    icat_exception.IDSNotFoundError: _ABSENT,
    icat_exception.IDSNotImplementedError: _DATA_SERVICE,
    icat_exception.IDSError: _DATA_SERVICE,
    icat_exception.IDSResponseError: _DATA_SERVICE,
    # python-icat itself
    icat_exception._BaseException: _CLIENT,
    icat_exception.InternalError: _CLIENT,
    icat_exception.ConfigError: _CLIENT,
    icat_exception.VersionMethodError: _CLIENT,
    icat_exception.EntityTypeError: _INVALID,
    icat_exception.InvalidIngestFileError: _INVALID,
    icat_exception.DataConsistencyError: _CLIENT,
    icat_exception.SearchResultError: _ABSENT,
    icat_exception.SearchAssertionError: _ABSENT,
    icat_exception.QueryWarning: _INVALID,
    icat_exception.QueryNullableOrderWarning: _INVALID,
    icat_exception.QueryOneToManyOrderWarning: _INVALID,
    icat_exception.ClientVersionWarning: _CLIENT,
    icat_exception.ICATDeprecationWarning: _CLIENT,
    # suds and the XML parser below it
    suds.WebFault: _SERVER_FAULT,
    suds.MethodNotFound: _CLIENT,
    suds.PortNotFound: _CLIENT,
    suds.ServiceNotFound: _CLIENT,
    suds.TypeNotFound: _CLIENT,
    suds.BuildError: _CLIENT,
    suds.resolver.PathResolver.BadPath: _CLIENT,
    suds.transport.TransportError: _SILENT,
    xml.sax.SAXException: _UNREADABLE,
    # requests and what shines through from urllib3
    requests.exceptions.RequestException: _SILENT,
    requests.exceptions.HTTPError: _SILENT,
    requests.exceptions.ConnectionError: _SILENT,
    requests.exceptions.ProxyError: _SILENT,
    requests.exceptions.SSLError: _CERTIFICATE,
    requests.exceptions.Timeout: _SLOW,
    requests.exceptions.ConnectTimeout: _SILENT,
    requests.exceptions.ReadTimeout: _SLOW,
    requests.exceptions.RetryError: _SILENT,
    requests.exceptions.URLRequired: _ADDRESS,
    requests.exceptions.MissingSchema: _ADDRESS,
    requests.exceptions.InvalidSchema: _ADDRESS,
    requests.exceptions.InvalidURL: _ADDRESS,
    requests.exceptions.InvalidProxyURL: _ADDRESS,
    requests.exceptions.InvalidHeader: _INVALID,
    requests.exceptions.UnrewindableBodyError: _INVALID,
    requests.exceptions.TooManyRedirects: _REDIRECTED,
    requests.exceptions.ChunkedEncodingError: _CUT,
    requests.exceptions.StreamConsumedError: _CUT,
    requests.exceptions.ContentDecodingError: _UNREADABLE,
    requests.exceptions.InvalidJSONError: _UNREADABLE,
    requests.exceptions.JSONDecodeError: _UNREADABLE,
    requests.exceptions.RequestsWarning: _CLIENT,
    requests.exceptions.FileModeWarning: _CLIENT,
    requests.exceptions.RequestsDependencyWarning: _CLIENT,
    urllib3.exceptions.HTTPError: _SILENT,
    urllib3.exceptions.TimeoutError: _SLOW,
    urllib3.exceptions.ProtocolError: _CUT,
    urllib3.exceptions.LocationValueError: _ADDRESS,
    # the standard library
    urllib.error.URLError: _SILENT,
    urllib.error.HTTPError: _SILENT,
    urllib.error.ContentTooShortError: _CUT,
    http.client.HTTPException: _CUT,
    http.client.InvalidURL: _ADDRESS,
    http.client.BadStatusLine: _CUT,
    http.client.IncompleteRead: _CUT,
    http.client.RemoteDisconnected: _CUT,
    json.JSONDecodeError: _UNREADABLE,
    UnicodeDecodeError: _UNREADABLE,
    ssl.SSLError: _CERTIFICATE,
    ssl.SSLCertVerificationError: _CERTIFICATE,
    socket.gaierror: _SILENT,
    socket.herror: _SILENT,
    TimeoutError: _SLOW,
    ConnectionError: _CUT,
    OSError: _SILENT,
}
"""Every foreign exception class and what it means here."""

_CAUGHT = tuple(FOREIGN)


def translate(error: BaseException, hide: tuple[str, ...] = ()) -> CatalogueError:
    """The exception of ours for one of `FOREIGN`'s; `hide` are secrets that must not be in the message."""
    kind = next(FOREIGN[cls] for cls in type(error).__mro__ if cls in FOREIGN)
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
    return _UNREADABLE.made("")


@contextmanager
def translating(*hide: str) -> Iterator[None]:
    """Turn foreign exceptions of the block into ours, without a chain (see the module's text)."""
    try:
        yield
    except _CAUGHT as error:
        raise translate(error, hide) from None
