"""Announcing datasets as a careful producer does."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from drac_plugins.core.announcement import AnnouncedSample, Announcement
from drac_plugins.core.announcement import message as announcement
from tests.ingest.door.running import RawClient


def one(
    location: str,
    proposal: str = "mx2745",
    beamline: str = "id30a1",
    day: str = "2026-03-10",
    *,
    inputs: Sequence[str] = (),
    parameters: dict[str, Any] | None = None,
) -> bytes:
    """A message about one dataset."""
    start = datetime.fromisoformat(f"{day}T12:00:00+01:00")
    said = Announcement(
        proposal,
        beamline,
        location.rsplit("/", 1)[-1],
        location,
        start,
        start + timedelta(minutes=1),
        sample=AnnouncedSample("s"),
        inputs=inputs,
        parameters=parameters or {},
    )
    return announcement(said)


def send(port: int, bodies: Sequence[bytes]) -> None:
    """As a careful producer: with receipts."""
    with RawClient("127.0.0.1", port) as client:
        client.connect()
        for number, body in enumerate(bodies):
            client.send_message(body, receipt=str(number))
            assert client.read() is not None
