"""Write the sample data and announce them: what acquisition and pipelines do at a beamline.

Runs as a process of its own (`python -m drac_plugins.demo.producer`) and speaks to the ingester only through
pyicat-plus. Prints one line of JSON per announcement.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import click
from pyicat_plus.client.main import IcatClient

from drac_plugins.demo import biosaxs, cryoet, mx, mx_samples, tomography
from drac_plugins.demo.announcement import Announcement

SESSIONS = (
    ("id30a1", "mx2745", datetime(2026, 3, 10, 9, 0, tzinfo=mx.ZONE)),
    ("id30a1", "mx2450", datetime(2023, 6, 14, 9, 0, tzinfo=mx.ZONE)),
    ("id30a1", "mx2760", datetime(2026, 3, 17, 9, 0, tzinfo=mx.ZONE)),
    ("cm01", "mx2790", datetime(2026, 2, 3, 9, 0, tzinfo=mx.ZONE)),
    ("bm18", "md1290", datetime(2026, 4, 21, 9, 0, tzinfo=mx.ZONE)),
    ("bm29", "mx2801", datetime(2026, 5, 5, 9, 0, tzinfo=mx.ZONE)),
)
"""Beamline, proposal and start as BLISS announces a session."""

EXPERIMENTS = (mx.session, mx.session_of_2023, mx_samples.session, cryoet.session, tomography.session, biosaxs.session)


def announcements(data: Path) -> Iterator[Announcement]:
    """Every dataset of the demonstration, its folder written, in the order of announcement."""
    for experiment in EXPERIMENTS:
        yield from experiment(data)


def announce(client: IcatClient, announcement: Announcement) -> None:
    """Send one dataset with the call that its kind of producer uses."""
    arguments = {
        "beamline": announcement.beamline,
        "proposal": announcement.proposal,
        "dataset": announcement.dataset,
        "path": str(announcement.path),
        "metadata": dict(announcement.metadata),
    }
    if announcement.raw:
        client.store_processed_data(raw=[str(path) for path in announcement.raw], **arguments)
    else:
        client.store_dataset(**arguments)


@click.command()
@click.option("--broker", required=True, help="host:port of the STOMP door")
@click.option(
    "--data", required=True, type=click.Path(path_type=Path, file_okay=False), help="folder that holds visitor/"
)
def main(broker: str, data: Path) -> None:
    """Write the sample data below DATA and announce them to BROKER."""
    client = IcatClient(metadata_urls=[broker])
    for beamline, proposal, start in SESSIONS:
        client.start_investigation(beamline=beamline, proposal=proposal, start_datetime=start)
        _report(kind="session", proposal=proposal, beamline=beamline)
    for announcement in announcements(data):
        announce(client, announcement)
        kind = "processed" if announcement.raw else "raw"
        _report(kind=kind, proposal=announcement.proposal, dataset=announcement.dataset, path=str(announcement.path))
    client.disconnect()


def _report(**fact: str) -> None:
    click.echo(json.dumps(fact))


if __name__ == "__main__":
    main()
