"""Use cases of files. The data service decides what the session may read; here ids become addresses and words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import select

from drac_plugins.core.errors import Forbidden, Invalid, NotFound
from drac_plugins.core.people import is_anonymous
from drac_plugins.core.services import Services
from drac_plugins.core.storage import new_document_id
from drac_plugins.core.web import Caller
from drac_plugins.ids.tables import dataset_access
from icat_schema.gateway import Select, Selection, Session
from icat_schema.gateway.data_service import ONLINE, Status

MAX_IDS = 1000


@dataclass(frozen=True, slots=True)
class File:
    """A datafile and where its bytes are."""

    name: str
    size: int | None
    url: str


@dataclass(frozen=True, slots=True)
class DatasetAccess:
    """Somebody who waits, or waited, for a dataset."""

    id: str
    name: str
    dataset_id: int
    level: str | None
    created: datetime


def selection(datasets: Sequence[int], datafiles: Sequence[int] = ()) -> Selection:
    """Raises Invalid for none, and for too many to stand in an address."""
    if not (datasets or datafiles):
        raise Invalid("datasetIds or datafileIds is needed")
    if len(datasets) + len(datafiles) > MAX_IDS:
        raise Invalid(f"at most {MAX_IDS} identifiers are accepted, got {len(datasets) + len(datafiles)}")
    return Selection(tuple(datasets), tuple(datafiles))


def download_url(services: Services, caller: Caller, wanted: Selection, *, inline: bool) -> str:
    """The data service's address of a selection, which holds the caller's session id; an anonymous caller gets a
    session of the reader account that is made for this purpose, so that nobody can end anybody else's."""
    session = fresh_session(services, caller)
    more = {"inline": "true"} if inline else {}
    return services.data_service.download_url(session.id, wanted, **more)


def fresh_session(services: Services, caller: Caller) -> Session:
    """The session of a person, checked; a new one of the reader account for nobody."""
    if caller.kind != "anonymous":
        caller.session.user_name()
        return caller.session
    account = services.settings.icat.reader
    credentials = {"username": account.username, "password": account.password.get_secret_value()}
    return services.catalogue.login(account.plugin, credentials)


def files(services: Services, caller: Caller, datasets: Sequence[int]) -> list[File]:
    """Every file of the datasets that the caller may read, under the name of its dataset."""
    wanted = selection(datasets)
    session = fresh_session(services, caller)
    select_ = Select("Datafile", ["id", "name", "fileSize", "dataset.name", "dataset.id"])
    found = session.rows_for(select_, "dataset.id", wanted.datasets)
    return [
        File(
            f"{folder}/{name.lstrip('/')}",
            size,
            services.data_service.download_url(session.id, Selection(datafiles=(id_,))),
        )
        for id_, name, size, folder, _ in found
    ]


def statuses(services: Services, session: Session, datasets: Sequence[int]) -> list[Status]:
    """One per dataset, in the order asked. Raises AccessDenied for one that the session cannot see."""
    wanted = selection(datasets)
    session.user_name()  # the data service calls what is no session id a bad request
    return services.data_service.statuses(session.id, wanted.datasets)


def restore(services: Services, caller: Caller, datasets: Sequence[int], name: str | None, email: str | None) -> None:
    """Ask for datasets from the archive and remember who did. Returns at once.

    Raises Invalid from an anonymous caller who gives no address, NotFound for what the caller may not see.
    """
    wanted = selection(datasets)
    person = caller.session.user_name()
    anonymous = is_anonymous(services, person)
    if anonymous and not (name and email):
        raise Invalid("name and email are needed from anonymous callers: they are told when the data are back")
    _all_seen(caller.session, wanted.datasets)
    services.data_service.restore(caller.session.id, wanted)
    now = datetime.now(UTC)
    who = {"name": name if anonymous else person, "email": email, "created": now}
    rows = [{"id": new_document_id(), "dataset_id": id_, **who} for id_ in wanted.datasets]
    with services.store.begin() as connection:
        connection.execute(dataset_access.insert(), rows)


def restored(
    services: Services, datasets: Sequence[int], level: str | None, message: str | None
) -> Sequence[DatasetAccess]:
    """The archive's word about a dataset: everybody who waits for it is answered. Raises Invalid without a dataset."""
    if len(datasets) != 1:
        raise Invalid("datasetId: the identifier of one dataset is needed")
    c = dataset_access.c
    waiting = (c.dataset_id == datasets[0]) & c.answered.is_(None)
    with services.store.begin() as connection:
        found = connection.execute(select(c.id, c.name, c.dataset_id, c.created).where(waiting).order_by(c.id)).all()
        answer = {"level": level, "message": message, "answered": datetime.now(UTC)}
        connection.execute(dataset_access.update().where(waiting).values(answer))
    return [DatasetAccess(row.id, row.name, row.dataset_id, level, row.created) for row in found]


def paths(services: Services, session: Session, wanted: Selection, *, online: bool) -> list[str]:
    """Locations of datasets and datafiles, in the order asked.

    Raises Forbidden when the session cannot see one of them: programs take the answer for complete.
    """
    found = [
        *_locations(session, "Dataset", "id", wanted.datasets),
        *_locations(session, "Datafile", "dataset.id", wanted.datafiles),
    ]
    if online:
        homes = sorted({home for home, _ in found})
        states = dict(zip(homes, services.data_service.statuses(session.id, homes), strict=True))
        found = [(home, location) for home, location in found if states[home] == ONLINE]
    return [location for _, location in found]


def _locations(session: Session, entity: str, home: str, ids: Sequence[int]) -> list[tuple[int, str]]:
    """Id of the dataset and path of each."""
    if not ids:
        return []
    known = {row[0]: (row[1], row[2]) for row in session.rows_for(Select(entity, ["id", home, "location"]), "id", ids)}
    hidden = [id_ for id_ in ids if id_ not in known]
    if hidden:
        raise Forbidden(f"There is no {entity} {hidden[0]} that you may see")
    return [(known[id_][0], known[id_][1] or "") for id_ in ids]


def _all_seen(session: Session, ids: Sequence[int]) -> None:
    seen = {id_ for (id_,) in session.rows_for(Select("Dataset", ["id"]), "id", ids)}
    hidden = [id_ for id_ in ids if id_ not in seen]
    if hidden:
        raise NotFound(f"There is no dataset {hidden[0]} that you may see")
