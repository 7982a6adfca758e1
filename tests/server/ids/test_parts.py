"""Ranges and conditions (RFC 9110): parts of files and of zips, and nothing when the client has them."""

from __future__ import annotations

import os

import pytest
import requests

from tests.server.ids.ground import Data, Ground

pytestmark = pytest.mark.xdist_group("ids")

CONTENT = bytes(range(256)) * 10
SIZE = len(CONTENT)


@pytest.fixture(scope="module")
def data(ground: Ground) -> Data:
    return ground.dataset({"a": CONTENT})


@pytest.mark.parametrize(
    ("wanted", "start", "stop"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=100-", 100, SIZE),
        ("bytes=100-199", 100, 200),
        ("bytes=-10", SIZE - 10, SIZE),
        (f"bytes=-{SIZE * 2}", 0, SIZE),
        (f"bytes=0-{SIZE * 2}", 0, SIZE),
        (f"bytes={SIZE - 1}-", SIZE - 1, SIZE),
    ],
)
def test_a_range_of_a_file(ground: Ground, data: Data, wanted: str, start: int, stop: int) -> None:
    reply = ground.get("getData", datafileIds=data.ids["a"], headers={"Range": wanted})
    assert reply.status_code == 206
    assert reply.content == CONTENT[start:stop]
    assert reply.headers["Content-Range"] == f"bytes {start}-{stop - 1}/{SIZE}"
    assert int(reply.headers["Content-Length"]) == stop - start


@pytest.mark.parametrize("wanted", [f"bytes={SIZE}-", "bytes=99999-100000"])
def test_a_range_that_is_not_there(ground: Ground, data: Data, wanted: str) -> None:
    reply = ground.get("getData", datafileIds=data.ids["a"], headers={"Range": wanted})
    assert reply.status_code == 416
    assert reply.headers["Content-Range"] == f"bytes */{SIZE}"
    assert reply.json()["code"] == "BadRequestException"


@pytest.mark.parametrize(
    "wanted", ["lines=1-2", "bytes=5-1", "bytes=x-", "bytes", "bytes=0-1,4-5", "bytes=--1", "bytes=-0"]
)
def test_what_is_no_single_range_gets_the_whole(ground: Ground, data: Data, wanted: str) -> None:
    reply = ground.get("getData", datafileIds=data.ids["a"], headers={"Range": wanted})
    assert (reply.status_code, reply.content) == (200, CONTENT)


def test_a_download_goes_on_where_it_stopped_only_if_the_file_is_the_same(ground: Ground, data: Data) -> None:
    first = ground.get("getData", datafileIds=data.ids["a"])
    assert first.headers["Accept-Ranges"] == "bytes"
    for name in ("ETag", "Last-Modified"):
        headers = {"Range": "bytes=5-", "If-Range": first.headers[name]}
        assert ground.get("getData", datafileIds=data.ids["a"], headers=headers).status_code == 206
    for other in ('"other"', f"W/{first.headers['ETag']}", "Thu, 01 Jan 1970 00:00:00 GMT", "nonsense"):
        headers = {"Range": "bytes=5-", "If-Range": other}
        reply = ground.get("getData", datafileIds=data.ids["a"], headers=headers)
        assert (reply.status_code, reply.content) == (200, CONTENT), other


def test_what_the_client_has_is_not_sent_again(ground: Ground, data: Data) -> None:
    first = ground.get("getData", datafileIds=data.ids["a"])
    headers = {"If-None-Match": first.headers["ETag"]}
    reply = ground.get("getData", datafileIds=data.ids["a"], headers=headers)
    assert (reply.status_code, reply.content) == (304, b"")


def test_head_tells_the_length_without_the_data(ground: Ground, data: Data) -> None:
    parameters = {"sessionId": ground.root.session_id, "datafileIds": data.ids["a"]}
    reply = requests.head(f"{ground.url}/getData", params=parameters, headers={"Range": "bytes=0-1"}, timeout=10)
    assert (reply.status_code, int(reply.headers["Content-Length"]), reply.content) == (200, SIZE, b"")


def test_an_empty_file_is_sent_and_has_no_ranges(ground: Ground) -> None:
    data = ground.dataset({"empty": b""})
    reply = ground.get("getData", datafileIds=data.ids["empty"])
    assert (reply.status_code, reply.content, reply.headers["Content-Length"]) == (200, b"", "0")
    reply = ground.get("getData", datafileIds=data.ids["empty"], headers={"Range": "bytes=0-"})
    assert reply.status_code == 416


def test_an_uncompressed_zip_has_a_length_and_parts(ground: Ground) -> None:
    data = ground.dataset({"a": os.urandom(3_000_000), "b": b"", "c": b"last"})
    whole = ground.get("getData", datasetIds=data.dataset)
    size = len(whole.content)
    assert int(whole.headers["Content-Length"]) == size
    for start, stop in ((0, 10), (1_500_000, 1_500_001), (2_999_000, 3_000_300), (size - 30, size)):
        headers = {"Range": f"bytes={start}-{stop - 1}", "If-Range": whole.headers["ETag"]}
        reply = ground.get("getData", datasetIds=data.dataset, headers=headers)
        assert reply.status_code == 206
        assert reply.content == whole.content[start:stop]
        assert reply.headers["Content-Range"] == f"bytes {start}-{stop - 1}/{size}"


def test_a_zip_of_changed_files_is_another_one(ground: Ground) -> None:
    data = ground.dataset({"a": b"1"})
    before = ground.get("getData", datasetIds=data.dataset).headers["ETag"]
    (ground.raw / str(data.dataset) / "a").write_bytes(b"22")
    headers = {"Range": "bytes=1-", "If-Range": before}
    reply = ground.get("getData", datasetIds=data.dataset, headers=headers)
    assert (reply.status_code, reply.headers["ETag"] != before) == (200, True)


def test_a_compressed_zip_is_always_sent_whole(ground: Ground, data: Data) -> None:
    reply = ground.get("getData", datasetIds=data.dataset, compress="true", headers={"Range": "bytes=5-"})
    assert (reply.status_code, reply.headers["Accept-Ranges"]) == (200, "none")
    assert reply.content.startswith(b"PK")


@pytest.mark.parametrize("compress", ["false", "true"])
def test_a_download_that_breaks_is_seen_by_the_client(ground: Ground, compress: str) -> None:
    size = 30_000_000
    data = ground.dataset({"a": os.urandom(size), "b": os.urandom(size)})
    parameters = {"sessionId": ground.root.session_id, "datasetIds": data.dataset, "compress": compress}
    with requests.get(f"{ground.url}/getData", parameters, stream=True, timeout=30) as reply:
        assert reply.status_code == 200
        (ground.raw / str(data.dataset) / "b").write_bytes(b"cut")
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            for _ in reply.iter_content(1_000_000):
                pass
    ground.ids().ping()
