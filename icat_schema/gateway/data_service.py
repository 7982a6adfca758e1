"""The door to an ICAT Data Service (IDS), which holds the files. Callers come with their own ICAT session."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlencode

import requests
from requests.adapters import HTTPAdapter

from icat_schema.gateway.errors import (
    AccessDenied,
    CatalogueBroken,
    CatalogueError,
    CatalogueUnavailable,
    DataNotOnline,
    InvalidRequest,
    ObjectNotFound,
    SessionInvalid,
)

Status = Literal["ONLINE", "RESTORING", "ARCHIVED"]
ONLINE: Status = "ONLINE"

_STATUSES: Mapping[str, Status] = {"ONLINE": "ONLINE", "RESTORING": "RESTORING", "ARCHIVED": "ARCHIVED"}
_PORTION = 256 * 1024
_AT_ONCE = 8
_IDS_IN_QUERY = 300
_KEPT = ("Content-Type", "Content-Length", "Content-Disposition", "Content-Range", "Accept-Ranges", "ETag")


@dataclass(frozen=True, slots=True)
class Selection:
    """Datasets and datafiles by id."""

    datasets: tuple[int, ...] = ()
    datafiles: tuple[int, ...] = ()

    def fields(self) -> dict[str, str]:
        named = {"datasetIds": self.datasets, "datafileIds": self.datafiles}
        return {name: ",".join(str(id_) for id_ in ids) for name, ids in named.items() if ids}


@dataclass(frozen=True, slots=True)
class Download:
    """Headers that belong to the content, and the content in portions; `status` is 200 or 206."""

    status: int
    headers: Mapping[str, str]
    content: Iterator[bytes]


@dataclass(slots=True)
class DataService:
    """Thread-safe; nothing is opened before first use. `url` ends with the path of the service, for example
    `https://ids.example.org/ids`; `public_url` is the same as users' browsers reach it.

    Every method raises the gateway's errors, and CatalogueUnavailable when there is no data service (no `url`).
    """

    url: str
    public_url: str = ""
    timeout_seconds: float = 60
    verify: bool | str = True
    _http: requests.Session = field(default_factory=requests.Session, repr=False)

    def __post_init__(self) -> None:
        for scheme in ("http://", "https://"):
            self._http.mount(scheme, HTTPAdapter(pool_connections=1, pool_maxsize=2 * _AT_ONCE))
        self._http.verify = self.verify

    def download_url(self, session_id: str, selection: Selection, **more: str) -> str:
        """Where a browser gets the files; the address holds the session id."""
        self._address()
        query = urlencode({"sessionId": session_id, **selection.fields(), **more})
        return f"{(self.public_url or self.url).rstrip('/')}/getData?{query}"

    def statuses(self, session_id: str, dataset_ids: Sequence[int]) -> list[Status]:
        """Of each dataset, in the order asked. The service tells the status of a selection as a whole: one call when
        everything is online, else one per dataset of a portion, some at a time."""
        found: list[Status] = []
        for start in range(0, len(dataset_ids), _IDS_IN_QUERY):
            portion = dataset_ids[start : start + _IDS_IN_QUERY]
            found += self._portion(session_id, portion)
        return found

    def _portion(self, session_id: str, ids: Sequence[int]) -> list[Status]:
        whole = self._status(session_id, ids)
        if whole == ONLINE or len(ids) == 1:
            return [whole] * len(ids)
        with ThreadPoolExecutor(min(_AT_ONCE, len(ids)), thread_name_prefix="ids") as pool:
            return list(pool.map(lambda id_: self._status(session_id, [id_]), ids))

    def _status(self, session_id: str, ids: Sequence[int]) -> Status:
        query = {"sessionId": session_id, **Selection(tuple(ids)).fields()}
        with self._ask("GET", "getStatus", params=query) as reply:
            text = reply.text.strip()
        if text not in _STATUSES:
            raise CatalogueBroken(f"the data service answered an unknown status {text[:40]!r}")
        return _STATUSES[text]

    def restore(self, session_id: str, selection: Selection) -> None:
        """Ask for the files to be brought back from the archive; returns at once."""
        self._ask("POST", "restore", data={"sessionId": session_id, **selection.fields()}).close()

    def data(self, session_id: str, selection: Selection, range_: str | None = None) -> Download:
        """The bytes of one datafile, or a ZIP of several. `range_`: value of a Range header. The caller reads `content`
        to its end or closes it. Raises DataNotOnline."""
        headers = {"Range": range_, "Accept-Encoding": "identity"} if range_ else {"Accept-Encoding": "identity"}
        query = {"sessionId": session_id, **selection.fields()}
        reply = self._ask("GET", "getData", params=query, headers=headers, stream=True)
        kept = {name: reply.headers[name] for name in _KEPT if name in reply.headers}
        return Download(reply.status_code, kept, _portions(reply))

    def close(self) -> None:
        self._http.close()

    def _address(self) -> str:
        if not self.url:
            raise CatalogueUnavailable("there is no data service here; the operator can set ids.url")
        return self.url.rstrip("/")

    def _ask(self, method: str, call: str, **options: Any) -> requests.Response:
        try:
            reply = self._http.request(
                method, f"{self._address()}/{call}", timeout=self.timeout_seconds, allow_redirects=False, **options
            )
        except requests.RequestException as error:
            raise _unavailable(f"does not answer ({type(error).__name__})") from None
        if reply.status_code >= 300:
            with reply:
                raise _failure(reply)
        return reply


def _portions(reply: requests.Response) -> Iterator[bytes]:
    with reply:
        try:
            yield from reply.iter_content(_PORTION)
        except requests.RequestException as error:
            raise _unavailable(f"broke off ({type(error).__name__})") from None


def _unavailable(what: str) -> CatalogueUnavailable:
    return CatalogueUnavailable(f"the data service {what}", temporary=True)


_FAILURES: Mapping[str, type[CatalogueError]] = {
    "BadRequestException": InvalidRequest,
    "InsufficientPrivilegesException": AccessDenied,
    "NotFoundException": ObjectNotFound,
    "DataNotOnlineException": DataNotOnline,
}


def _failure(reply: requests.Response) -> CatalogueError:
    """The service answers failures as JSON with `code` and `message`."""
    try:
        document = reply.json()
        code, message = str(document["code"]), str(document["message"])
    except (ValueError, KeyError, TypeError):
        code, message = "", f"it answered {reply.status_code}"
    if code == "InsufficientPrivilegesException" and "session" in message.lower():
        return SessionInvalid(message)
    kind = _FAILURES.get(code)
    if kind is not None:
        return kind(f"{code}: {message}" if kind is DataNotOnline else message)
    if reply.status_code == requests.codes.requested_range_not_satisfiable:
        return InvalidRequest("the range that is asked for lies outside of the file")
    if reply.status_code >= 500:
        return _unavailable(f"has a problem of its own: {message}")
    return CatalogueBroken(f"the data service refused the question: {message}")
