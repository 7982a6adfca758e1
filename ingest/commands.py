"""`drac ingest`: run the ingester, send one message by hand; quarantine and reference data have files of their own."""

from __future__ import annotations

import os
import sys
import time
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
@click.option("--queue", help="Queue the message is for. Default: the one of datasets.")
@click.option("--timeout", default=60.0, show_default=True, help="Seconds to wait for the outcome; 0: do not wait.")
def file(file: Path, queue: str | None, timeout: float) -> None:
    """Send one message file through the same door as producers do, and say what became of it.

    A running ingester applies it; without one this command does so itself.
    """
    settings = load()
    store = open_store(settings)
    inbox = Inbox.from_settings(store, settings)
    stored = inbox.put(queue or settings.ingest.queues.ingest, file.read_bytes(), {}, source=f"file {file.name}")
    repetition = " (the same message had been sent before)" if stored.duplicate else ""
    click.echo(f"message {stored.id} is in the inbox{repetition}")
    if timeout > 0:
        _report(_outcome(settings, store, inbox, stored.id, timeout))


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
