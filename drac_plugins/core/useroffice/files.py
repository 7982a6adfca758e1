"""A user office made of files: sessions in YAML or CSV, read again when they change."""

from __future__ import annotations

import csv
import io
import threading
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from drac_plugins.core.errors import Unavailable
from drac_plugins.core.settings import Settings, SettingsError
from drac_plugins.core.spelling import comparison_key
from drac_plugins.core.useroffice import Member, ScheduledSession

_KEYS = {
    "id",
    "proposal",
    "beamline",
    "start",
    "end",
    "title",
    "visitId",
    "release",
    "team",
    "actualStart",
    "actualEnd",
}
_NEEDED = ("id", "proposal", "beamline", "start", "end")
_MEMBER_KEYS = {"name", "role", "fullName", "email", "affiliation", "orcid"}


class Mistake(ValueError):
    """Something in a file is not as it should be; the text says what and where."""


class Files:
    """`paths`: files that end in .yaml, .yml or .csv. Dates without an offset are in `zone`. The first reading is at
    once and raises SettingsError; when a file is spoiled later, the user office does not answer until it is mended."""

    def __init__(self, paths: Sequence[Path], zone: ZoneInfo) -> None:
        if not paths:
            raise SettingsError("ingest.user_office.files: names no file with sessions")
        self._paths = tuple(paths)
        self._zone = zone
        self._lock = threading.Lock()
        self._stamps: tuple[tuple[int, int], ...] = ()
        self._sessions: Mapping[str, ScheduledSession] = {}
        try:
            self._current()
        except Unavailable as error:
            raise SettingsError(f"ingest.user_office: {error.message}") from error

    @classmethod
    def from_settings(cls, settings: Settings) -> Files:
        return cls(settings.ingest.user_office.files, settings.facility.timezone)

    def sessions(self, proposal: str) -> Sequence[ScheduledSession]:
        key = comparison_key(proposal)
        return [session for session in self._current().values() if comparison_key(session.proposal) == key]

    def session(self, session_id: str) -> ScheduledSession | None:
        return self._current().get(session_id)

    def _current(self) -> Mapping[str, ScheduledSession]:
        with self._lock:
            try:
                stamps = tuple((status.st_mtime_ns, status.st_size) for status in (p.stat() for p in self._paths))
                if stamps != self._stamps:
                    self._sessions = self._read()
                    self._stamps = stamps
            except (OSError, UnicodeDecodeError) as error:
                raise Unavailable(f"The sessions of the user office cannot be read: {error}") from error
            except Mistake as error:
                raise Unavailable(f"The sessions of the user office cannot be used: {error}") from error
            return self._sessions

    def _read(self) -> dict[str, ScheduledSession]:
        found: dict[str, ScheduledSession] = {}
        for path in self._paths:
            text = path.read_text(encoding="utf-8-sig")
            rows = _csv_rows(text) if path.suffix.lower() == ".csv" else _yaml_rows(str(path), text)
            for number, row in enumerate(rows, start=1):
                session = _session(row, f"{path}, session {number}", self._zone)
                if found.setdefault(session.id, session) is not session:
                    raise Mistake(f"{path}, session {number}: the id {session.id} is there twice")
        return found


def _yaml_rows(source: str, text: str) -> list[Any]:
    try:
        document = yaml.safe_load(text) or []
    except yaml.YAMLError as error:
        raise Mistake(f"{source}: not valid YAML: {error}") from error
    rows = document.get("sessions") if isinstance(document, dict) else document
    if not isinstance(rows, list):
        raise Mistake(f"{source}: expected a list of sessions")
    return rows


def _csv_rows(text: str) -> Iterator[dict[str, Any]]:
    """Columns as the keys of YAML; `team` as `name: role; name: role`."""
    for row in csv.DictReader(io.StringIO(text)):
        filled: dict[str, Any] = {
            str(key).strip(): value.strip() for key, value in row.items() if isinstance(value, str) and value.strip()
        }
        if "team" in filled:
            filled["team"] = [_pair(part) for part in filled["team"].split(";") if part.strip()]
        if filled:
            yield filled


def _pair(text: str) -> dict[str, str]:
    name, colon, role = text.partition(":")
    return {"name": name.strip(), **({"role": role.strip()} if colon and role.strip() else {})}


def _session(row: Any, where: str, zone: ZoneInfo) -> ScheduledSession:
    if not isinstance(row, dict):
        raise Mistake(f"{where}: expected keys and values")
    if unknown := set(map(str, row)) - _KEYS:
        raise Mistake(f"{where}: unknown {', '.join(sorted(unknown))}; known are {', '.join(sorted(_KEYS))}")
    if missing := [key for key in _NEEDED if row.get(key) in (None, "")]:
        raise Mistake(f"{where}: {', '.join(missing)} missing")
    moments = {
        k: _moment(row.get(k), f"{where}, {k}", zone) for k in ("start", "end", "release", "actualStart", "actualEnd")
    }
    start, end = moments["start"], moments["end"]
    if start is None or end is None or end <= start:
        raise Mistake(f"{where}: the session ends before it starts")
    return ScheduledSession(
        str(row["id"]),
        str(row["proposal"]),
        str(row["beamline"]),
        start,
        end,
        _text(row.get("title")),
        _text(row.get("visitId")),
        moments["release"],
        tuple(_member(one, where) for one in row.get("team") or ()),
        moments["actualStart"],
        moments["actualEnd"],
    )


def _member(one: Any, where: str) -> Member:
    fields = {"name": one} if isinstance(one, str) else one
    if not isinstance(fields, dict) or not fields.get("name") or set(fields) - _MEMBER_KEYS:
        raise Mistake(f"{where}: a member of the team has a name and any of {', '.join(sorted(_MEMBER_KEYS))}")
    return Member(
        str(fields["name"]),
        str(fields.get("role") or "Participant"),
        _text(fields.get("fullName")),
        _text(fields.get("email")),
        _text(fields.get("affiliation")),
        _text(fields.get("orcid")),
    )


def _moment(value: Any, where: str, zone: ZoneInfo) -> datetime | None:
    if value is None or value == "":
        return None
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day, tzinfo=zone)
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError as error:
        raise Mistake(f"{where}: {str(value)[:40]!r} is no date; write for example 2025-03-10T08:00:00") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def _text(value: Any) -> str | None:
    return None if value in (None, "") else str(value)
