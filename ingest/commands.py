"""`drac ingest`: run the ingester, send one message by hand; quarantine and reference data have files of their own."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import click

from drac_plugins.core.inbox import Entry, Inbox
from drac_plugins.core.settings import Settings, load
from drac_plugins.core.storage import Store
from ingest.quarantine_commands import quarantine
from ingest.reference_command import prepare
from ingest.service import AnotherIngester, alone, build_worker, open_store

_ENDED = ("done", "quarantined")


@click.group()
def ingest() -> None:
    """The ingester: takes announcements of datasets and registers them in the catalogue."""


ingest.add_command(prepare)
ingest.add_command(quarantine)


@ingest.command()
def run() -> None:
    """Listen for producers and register what they announce, until Ctrl-C."""
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "ingest.main"])  # noqa: S606 - it takes our place and signals


# ---------------------------------------------------------------------- one message


@ingest.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--queue", help="Queue the message is for. Default: the one on which such messages are sent.")
@click.option("--timeout", default=60.0, show_default=True, help="Seconds to wait for the outcome; 0: do not wait.")
def file(file: Path, queue: str | None, timeout: float) -> None:
    """Send one message file through the same door as producers do, and say what became of it.

    A metadata.json or an HDF5 file stands for the dataset folder in which it lies. A running ingester applies the
    message; without one this command does so itself.
    """
    from ingest.enrich.files import incoming_of_file

    settings = load()
    store = open_store(settings)
    inbox = Inbox.from_settings(store, settings)
    incoming, source, warnings = incoming_of_file(file, settings, queue)
    _warn(warnings)
    stored = inbox.put_all([incoming])[0]
    repetition = " (the same message had been sent before)" if stored.duplicate else ""
    made = "" if incoming.source.startswith("file ") else f" (made from {source})"
    click.echo(f"message {stored.id}{made} is in the inbox{repetition}")
    if timeout > 0:
        _report(_outcome(settings, store, inbox, stored.id, timeout))


@ingest.command()
@click.argument("folders", type=click.Path(path_type=Path, exists=True, file_okay=False), nargs=-1, required=True)
@click.option("--proposal", help="Default: what the folder or its files say; so for all of these.")
@click.option("--beamline", help="Name of the instrument.")
@click.option("--name", help="Name of the dataset.")
@click.option("--sample", help="Name of the sample.")
@click.option("--input", "inputs", multiple=True, help="Folder of a dataset that this one was computed from.")
@click.option("--set", "values", multiple=True, metavar="NAME=VALUE", help="A parameter; may be repeated.")
@click.option("--dry-run", is_flag=True, help="Only show the message.")
@click.option("--timeout", default=60.0, show_default=True, help="Seconds to wait for the outcome; 0: do not wait.")
def folder(
    folders: tuple[Path, ...],
    values: tuple[str, ...],
    inputs: tuple[str, ...],
    dry_run: bool,
    timeout: float,
    **known: str | None,
) -> None:
    """Register dataset folders that were never announced, from what lies in them.

    Sources, best first: the message that the acquisition could not send (RAW_DATA/__icat__), metadata.json, the HDF5
    file, the times of the files.
    """
    from ingest.enrich.files import incoming_of_folder
    from ingest.enrich.folder import Given

    settings = load()
    given = Given(**known, inputs=inputs, parameters=dict(_pair(text) for text in values))
    store = None if dry_run else open_store(settings)
    for one in folders:
        incoming, found = incoming_of_folder(one, settings, given)
        _warn(found.warnings)
        if store is None:
            click.echo(found.body.decode())
            continue
        inbox = Inbox.from_settings(store, settings)
        stored = inbox.put_all([incoming])[0]
        click.echo(f"message {stored.id} (made from {found.source}) is in the inbox")
        if timeout > 0:
            _report(_outcome(settings, store, inbox, stored.id, timeout))


@ingest.command()
@click.argument("folders", type=click.Path(path_type=Path, exists=True, file_okay=False), nargs=-1, required=True)
@click.option("--poll", is_flag=True, help="Look again and again; for network file systems, which tell of no changes.")
@click.option("--once", is_flag=True, help="Take what is there and has settled, then end.")
def watch(folders: tuple[Path, ...], poll: bool, once: bool) -> None:
    """Take message files and dataset folders that appear below FOLDERS, until Ctrl-C. A running ingester applies them.

    Taken are message files (*.xml, *.json), metadata.json, and HDF5 files that are called like their folder, once they
    have not changed for ingest.watch_settle_seconds.
    """
    from ingest.watching import Watcher

    settings = load()
    inbox = Inbox.from_settings(open_store(settings), settings)
    watcher = Watcher(inbox, settings, [path.absolute() for path in folders], say=click.echo)
    if once:
        watcher.look(watcher.candidates())
        watcher.settled()
        watcher.settled()
        return
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    click.echo(f"watching {', '.join(map(str, folders))}")
    watcher.run(stopping, polling=poll)


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise click.UsageError(f"--set {text}: write NAME=VALUE.")
    return name.strip(), value


def _warn(warnings: Sequence[str]) -> None:
    for warning in warnings:
        click.echo(f"warning: {warning}", err=True)


def _outcome(settings: Settings, store: Store, inbox: Inbox, message_id: int, timeout: float) -> Entry:
    """Wait for the message to end, working ourselves when nobody else does."""
    try:
        with alone(settings.var):
            worker = build_worker(settings, store, inbox)
            worker.start()
            try:
                return _wait(inbox, message_id, timeout)
            finally:
                worker.stop()
    except AnotherIngester:
        return _wait(inbox, message_id, timeout)


def _wait(inbox: Inbox, message_id: int, timeout: float) -> Entry:
    end = time.monotonic() + timeout
    entry = inbox.show(message_id)
    while entry.state not in _ENDED and time.monotonic() < end:
        time.sleep(0.1)
        entry = inbox.show(message_id)
    return entry


def _report(entry: Entry) -> None:
    if entry.state == "done":
        what = f"dataset {entry.dataset_id} in " if entry.dataset_id is not None else ""
        click.echo(f"done: {what}investigation {entry.investigation_id}")
        for warning in entry.warnings:
            click.echo(f"warning: {warning}")
    elif entry.state == "quarantined":
        raise click.ClickException(f"message {entry.id} is in quarantine ({entry.reason}): {entry.text}")
    else:
        cause = f": {entry.text}" if entry.text else ""
        raise click.ClickException(f"message {entry.id} is {entry.state}{cause}; it stays in the inbox")
