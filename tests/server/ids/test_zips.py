"""Zip streams, without a server: their length is known beforehand, whatever is in them, and python reads them."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime
from functools import partial
from unittest.mock import patch
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icat_schema.server.ids.zips import Entry, FileChanged, length, stream

ZONE = ZoneInfo("Europe/Paris")
NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0/\\", exclude_categories=("C",)), min_size=1)
ENTRIES = st.lists(st.tuples(NAMES, st.binary(max_size=300)), max_size=8, unique_by=lambda entry: entry[0])


def entries_of(files: list[tuple[str, bytes]], moment: float = 1.7e9) -> list[Entry]:
    return [Entry(name, len(data), int(moment * 1e9), ZONE, partial(io.BytesIO, data)) for name, data in files]


@settings(max_examples=50)
@given(ENTRIES)
def test_the_length_is_right_and_the_files_are_in_it(files: list[tuple[str, bytes]]) -> None:
    content = b"".join(stream(entries_of(files), compress=False))
    assert len(content) == length(entries_of(files))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert {info.orig_filename: archive.read(info) for info in archive.infolist()} == dict(files)


@settings(max_examples=50)
@given(ENTRIES, st.integers(1, 400), st.integers(0, 5))
def test_the_length_is_right_where_64_bits_are_needed(files: list[tuple[str, bytes]], limit: int, count: int) -> None:
    """The same arithmetic with limits that small files exceed."""
    with patch.object(zipfile, "ZIP64_LIMIT", limit), patch.object(zipfile, "ZIP_FILECOUNT_LIMIT", count):
        content = b"".join(stream(entries_of(files), compress=False))
        assert len(content) == length(entries_of(files))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert len(archive.infolist()) == len(files)


@settings(max_examples=50)
@given(ENTRIES)
def test_compressed_files_are_the_same(files: list[tuple[str, bytes]]) -> None:
    content = b"".join(stream(entries_of(files), compress=True))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert [archive.read(info) for info in archive.infolist()] == [data for _, data in files]


def test_nothing_is_held_back() -> None:
    """Pieces come while the file is read: a file larger than the memory is no problem."""
    sizes = [len(piece) for piece in stream(entries_of([("a", bytes(10_000_000))]), compress=False)]
    assert max(sizes) < 1_100_000


def test_a_file_that_gets_shorter_ends_the_stream() -> None:
    entry = Entry("a", 10, 0, ZONE, partial(io.BytesIO, b"short"))
    with pytest.raises(FileChanged):
        list(stream([entry], compress=False))


def test_a_file_that_grows_is_sent_as_it_was() -> None:
    entry = Entry("a", 4, 0, ZONE, partial(io.BytesIO, b"grown up"))
    content = b"".join(stream([entry], compress=False))
    assert len(content) == length([entry])
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.read("a") == b"grow"


@pytest.mark.parametrize(
    ("moment", "year"),
    [(datetime(2026, 11, 23, tzinfo=UTC).timestamp(), 2026), (-1e9, 1980), (0, 1980), (1e10, 2107), (1e13, 1980)],
)
def test_any_time_of_change_can_be_in_a_zip(moment: float, year: int) -> None:
    content = b"".join(stream(entries_of([("a", b"1")], moment), compress=False))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.infolist()[0].date_time[0] == year
