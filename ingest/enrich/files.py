"""What a file on disk is to the ingester: a message, or a part of a dataset folder."""

from __future__ import annotations

from pathlib import Path

from lxml import etree

from drac_plugins.core.inbox import Incoming
from drac_plugins.core.settings import Settings
from ingest.enrich.folder import HDF5_ENDS, METADATA, Given, Recovered, of_folder
from ingest.enrich.hdf5 import Unreadable
from ingest.parse.requests import kind_of
from ingest.transport.queues import Queues


def incoming_of_file(path: Path, settings: Settings, queue: str | None = None) -> tuple[Incoming, str, tuple[str, ...]]:
    """The message that a file is or stands for, where it comes from, and warnings. `queue`: take it as it is, for this
    queue. Raises Unreadable."""
    if queue is None and (path.name == METADATA or path.name.endswith(HDF5_ENDS)):
        found = of_folder(path.parent, settings)
        return incoming_of(found, settings), found.source, found.warnings
    try:
        body = path.read_bytes()
    except OSError as error:
        raise Unreadable(f"{path} cannot be read: {error.strerror}") from error
    name = queue or queue_of(body, settings)
    return _incoming(body, name, f"file {path.name}", settings), path.name, ()


def incoming_of(found: Recovered, settings: Settings) -> Incoming:
    return _incoming(found.body, settings.ingest.queues.ingest, f"folder {found.location}", settings)


def incoming_of_folder(folder: Path, settings: Settings, given: Given) -> tuple[Incoming, Recovered]:
    """Raises Unreadable."""
    found = of_folder(folder, settings, given)
    return incoming_of(found, settings), found


def queue_of(body: bytes, settings: Settings) -> str:
    """The queue on which producers send such a message; that of datasets for what nobody can read."""
    queues = settings.ingest.queues
    kind = kind_of(body)
    if kind is not None:
        return {
            "archive_status": queues.archive_status,
            "update_metadata": queues.update_metadata,
            "datafiles": queues.datafiles,
        }[kind]
    return queues.reschedule if _reschedules(body) else queues.ingest


def is_message(body: bytes) -> bool:
    """Whether this looks like something that producers send."""
    return kind_of(body) is not None or _root(body) is not None


def _reschedules(body: bytes) -> bool:
    root = _root(body)
    if root is None or etree.QName(root).localname != "investigation":
        return False
    return not (root.findtext("{*}experiment") or "").strip()


def _root(body: bytes) -> etree._Element | None:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError):
        return None
    return root if etree.QName(root).localname in ("dataset", "investigation") else None


def _incoming(body: bytes, queue: str, source: str, settings: Settings) -> Incoming:
    queues = Queues.from_settings(settings.ingest)
    return queues.incoming(f"{queues.prefix}{queue}", body, {}, source)
