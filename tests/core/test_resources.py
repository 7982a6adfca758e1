"""The gallery store and what bytes are."""

from __future__ import annotations

import io
import json

import pytest
from PIL import Image

from drac_plugins.core import resources
from drac_plugins.core.content import sniff
from drac_plugins.core.storage import Store, new_document_id


def picture(kind: str, colour: str = "red") -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (4, 4), colour).save(buffer, kind)
    return buffer.getvalue()


def test_the_same_file_keeps_its_id_and_a_changed_one_gets_a_new_one(store: Store) -> None:
    with store.begin() as connection:
        first = resources.put(connection, 7, "/data/gallery/a.png", picture("PNG"))
        again = resources.put(connection, 7, "/data/gallery/a.png", picture("PNG"))
        changed = resources.put(connection, 7, "/data/gallery/a.png", picture("PNG", "blue"))
        elsewhere = resources.put(connection, 8, "/data/gallery/a.png", picture("PNG"))
    assert first == again
    assert len({first, changed, elsewhere}) == 3


def test_a_resource_comes_back_whole_with_its_name_and_type(store: Store) -> None:
    content = picture("JPEG")
    with store.begin() as connection:
        id_ = resources.put(connection, 7, "/data/gallery/odd name.png", content)
    with store.read() as connection:
        found = resources.get(connection, id_)
    assert found is not None
    assert (found.content, found.filename, found.content_type) == (content, "odd name.png", "image/jpeg")
    assert found.dataset_id == 7
    assert found.shown


def test_an_unknown_id_is_nothing(store: Store) -> None:
    with store.read() as connection:
        assert resources.get(connection, new_document_id()) is None


@pytest.mark.parametrize(
    ("kind", "media_type"),
    [
        ("PNG", "image/png"),
        ("JPEG", "image/jpeg"),
        ("GIF", "image/gif"),
        ("WEBP", "image/webp"),
        ("TIFF", "image/tiff"),
    ],
)
def test_pictures_are_known_by_their_bytes(kind: str, media_type: str) -> None:
    assert sniff(picture(kind)).media_type == media_type


@pytest.mark.parametrize(
    ("content", "media_type", "shown"),
    [
        (b"plain words, 2 < 3", "text/plain", True),
        ("ångström".encode(), "text/plain", True),
        (json.dumps({"a": 1}).encode(), "application/json", True),
        (b"{broken", "text/plain", True),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "image/svg+xml", False),
        (b"<?xml version='1.0'?>\n<!-- x -->\n<s:svg xmlns:s='http://www.w3.org/2000/svg'/>", "image/svg+xml", False),
        (b"\xef\xbb\xbf<!DOCTYPE html><html></html>", "text/html", False),
        (b"   <SCRIPT>alert(1)</SCRIPT>", "text/html", False),
        (b"words first <img src=x onerror=alert(1)>", "text/html", False),
        (b"<?xml version='1.0'?><dataset/>", "application/xml", False),
        (b"%PDF-1.7", "application/pdf", False),
        (b"\x89HDF\r\n\x1a\n...", "application/x-hdf5", False),
        (b"\x00\x01\x02", "application/octet-stream", False),
        (b"\xff\xfe\x00", "application/octet-stream", False),
        (b"", "text/plain", True),
        (b"[" * 100_000, "text/plain", True),
    ],
)
def test_what_bytes_are_and_whether_a_browser_may_show_them(content: bytes, media_type: str, shown: bool) -> None:
    assert (sniff(content).media_type, sniff(content).shown) == (media_type, shown)
