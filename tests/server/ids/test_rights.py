"""Who gets what: ICAT's rules decide, and nothing on the disk is reachable but what they lead to."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path

import icat
import pytest
import requests
from icat.ids import DataSelection, IDSClient

from tests.server.ids.ground import PREFIX, Ground, unzip

pytestmark = pytest.mark.xdist_group("ids")

READERS = ("ada", "bo", "cy")


@pytest.mark.parametrize("user", READERS)
def test_the_team_and_the_scientist_read(ground: Ground, user: str) -> None:
    data = ground.dataset({"a": b"1", "b": b"2"})
    ids = ground.ids(user)
    assert unzip(ids.getData(data.selection).read()) == data.files
    assert ids.getData(data.one("a")).read() == b"1"
    assert unzip(ids.getData(ids.prepareData(data.selection)).read()) == data.files


def test_a_stranger_gets_nothing(ground: Ground) -> None:
    data = ground.dataset({"a": b"secret"})
    ids = ground.ids("dee")
    selections = (data.selection, data.one("a"), DataSelection({"investigationIds": [ground.investigation]}))
    calls = (ids.getData, ids.getSize, ids.getStatus, ids.getDatafileIds, ids.prepareData)
    changes = (ids.archive, ids.restore, ids.write, ids.reset, ids.delete)
    for selection in selections:
        for call in calls + changes:
            with pytest.raises(icat.IDSInsufficientPrivilegesError):
                call(selection)
    with pytest.raises(icat.IDSInsufficientPrivilegesError):
        ids.put(io.BytesIO(b"1"), "b", data.dataset, ground.datafile_format)
    assert ground.raw_files(data) == data.files


def test_only_who_may_create_puts(ground: Ground) -> None:
    data = ground.dataset({})
    for user, allowed in {"ada": True, "cy": True, "bo": False}.items():
        before = _uploads(ground)
        if allowed:
            ground.ids(user).put(io.BytesIO(b"1"), f"by-{user}", data.dataset, ground.datafile_format)
            continue
        with pytest.raises(icat.IDSInsufficientPrivilegesError):
            ground.ids(user).put(io.BytesIO(b"1"), f"by-{user}", data.dataset, ground.datafile_format)
        assert _uploads(ground) == before, "nothing may stay of what was refused"


def test_only_who_may_delete_deletes(ground: Ground) -> None:
    data = ground.dataset({"a": b"1", "b": b"2"})
    for user in ("bo", "cy"):
        with pytest.raises(icat.IDSInsufficientPrivilegesError):
            ground.ids(user).delete(data.one("a"))
    assert ground.raw_files(data) == data.files
    ground.ids("ada").delete(data.selection)
    assert ground.raw_files(data) == {}


def test_a_name_that_is_taken_is_refused_without_a_trace(ground: Ground) -> None:
    data = ground.dataset({"a": b"1"})
    before = _uploads(ground)
    with pytest.raises(icat.IDSInternalError, match="OBJECT_ALREADY_EXISTS"):
        ground.ids().put(io.BytesIO(b"2"), "a", data.dataset, ground.datafile_format)
    assert _uploads(ground) == before


def test_sessions_must_be_there_and_valid(ground: Ground) -> None:
    data = ground.dataset({"a": b"1"})
    nobody = IDSClient(ground.url, "01234567-89ab-cdef-0123-456789abcdef")
    with pytest.raises(icat.IDSInsufficientPrivilegesError):
        nobody.getData(data.selection)
    with pytest.raises(icat.IDSInsufficientPrivilegesError):
        nobody.getSize(DataSelection())
    for wrong in ("", "x", "0" * 36, "01234567-89ab-cdef-0123-456789abcdef "):
        reply = requests.get(f"{ground.url}/getSize", {"sessionId": wrong, "datasetIds": data.dataset}, timeout=10)
        assert (reply.status_code, reply.json()["code"]) == (400, "BadRequestException")
    assert requests.get(f"{ground.url}/getSize", timeout=10).status_code == 400


def test_ids_that_lead_nowhere_are_not_found(ground: Ground) -> None:
    ids = ground.ids()
    for kind in ("investigationIds", "datasetIds", "datafileIds"):
        for id_ in (-11, 0, 10**15, 2**63 - 1):
            for call in (ids.getData, ids.getSize, ids.getStatus, ids.delete):
                with pytest.raises(icat.IDSNotFoundError):
                    call(DataSelection({kind: [id_]}))
    with pytest.raises(icat.IDSNotFoundError):
        ids.isPrepared("01234567-89ab-cdef-0123-456789abcdef")
    with pytest.raises(icat.IDSNotFoundError):
        ids.put(io.BytesIO(b""), "x", 10**15, ground.datafile_format)


@pytest.mark.parametrize("text", ["", ",", "1,", "x", "1;2", "9" * 30, "1.5", "0x1", "١", "1 2", "-", "' OR 1=1"])
def test_lists_of_ids_that_are_none_are_bad_requests(ground: Ground, text: str) -> None:
    reply = ground.get("getSize", datafileIds=text)
    assert (reply.status_code, reply.json()["code"]) == (400, "BadRequestException")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("name", ""),
        ("datasetId", "x"),
        ("datasetId", "9" * 25),
        ("datafileFormatId", ""),
        ("datafileFormatId", "999999999"),
        ("datafileCreateTime", "now"),
        ("datafileModTime", str(10**18)),
    ],
)
def test_puts_with_bad_parameters_are_refused(ground: Ground, name: str, value: str) -> None:
    data = ground.dataset({})
    fields = {"sessionId": ground.root.session_id, "name": "x", "datasetId": data.dataset}
    fields |= {"datafileFormatId": ground.datafile_format, name: value}
    reply = requests.put(f"{ground.url}/put", b"1", params=fields, timeout=10)
    assert reply.status_code in (400, 404)
    assert reply.json()["code"] in ("BadRequestException", "NotFoundException")


def test_unknown_calls_and_methods_are_told_in_json(ground: Ground) -> None:
    for method, path, status in (("GET", "nothing", 404), ("GET", "archive", 405), ("PUT", "getData", 405)):
        reply = requests.request(method, f"{ground.url}/{path}", timeout=10)
        assert reply.status_code == status
        assert set(reply.json()) == {"code", "message"}
    reply = requests.post(f"{ground.url}/archive", json={}, timeout=10)
    assert (reply.status_code, reply.json()["code"]) == (400, "BadRequestException")
    assert requests.options(f"{ground.url}/put", timeout=10).headers["Access-Control-Allow-Methods"]


HOSTILE = [
    "../secret",
    "../../etc/passwd",
    "/etc/passwd",
    f"{PREFIX}/../secret",
    f"{PREFIX}/x/../../secret",
    f"{PREFIX}",
    f"{PREFIX}/",
    "/data/visitor2/secret",
    f"{PREFIX}/./../secret",
    "..",
    ".",
    "/",
    "file:///etc/passwd",
    f"{PREFIX}/folder",
    f"{PREFIX}/outside-link",
    f"{PREFIX}/outside-folder/secret",
    f"{PREFIX}/fifo",
    f"{PREFIX}/{'x' * 240}",
    f"{PREFIX}/missing",
]


@pytest.mark.parametrize("location", HOSTILE)
def test_locations_never_lead_out(ground: Ground, location: str) -> None:
    _lay_traps(ground.folder)
    data = ground.dataset({})
    ground.add(data, "trap", b"1", location=location)
    ids = ground.ids()
    for selection in (data.one("trap"), data.selection):
        try:
            content = ids.getData(selection).read()
        except (icat.IDSNotFoundError, icat.IDSDataNotOnlineError):
            continue
        pytest.fail(f"{location} was served: {content[:50]!r}")
    ids.reset(data.selection)
    (ground.folder / "raw" / str(data.dataset) / "trap").unlink()
    assert (ground.folder / "secret").read_text() == "secret"


def test_links_inside_are_followed(ground: Ground) -> None:
    data = ground.dataset({"a": b"inside"})
    folder = ground.raw / str(data.dataset)
    (folder / "latest").symlink_to("a")
    ground.add(data, "b", b"x", location=f"{PREFIX}//{data.dataset}/./latest")
    assert ground.ids().getData(data.one("b")).read() == b"inside"


def test_deleting_a_datafile_with_a_hostile_location_deletes_no_file(ground: Ground) -> None:
    _lay_traps(ground.folder)
    data = ground.dataset({})
    for number, location in enumerate([f"{PREFIX}/../secret", f"{PREFIX}/outside-folder/secret"]):
        (id_,) = ground.root.write(
            {"Datafile": {"name": f"trap{number}", "location": location, "dataset": {"id": data.dataset}}}
        )
        reply = requests.delete(
            f"{ground.url}/delete", params={"sessionId": ground.root.session_id, "datafileIds": id_}, timeout=10
        )
        assert reply.status_code in (204, 404, 503), reply.text
    assert (ground.folder / "secret").read_text() == "secret"


def test_names_in_a_zip_never_lead_out_of_where_it_is_unpacked(ground: Ground) -> None:
    data = ground.dataset({}, name="..")
    for number, name in enumerate(["../../evil", "/etc/evil", "a/../../evil", "tab\tin\nname", "..", "back\\slash"]):
        location = f"{PREFIX}/{data.dataset}/file{number}"
        path = ground.raw / str(data.dataset) / f"file{number}"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"1")
        ground.root.write({"Datafile": {"name": name, "location": location, "dataset": {"id": data.dataset}}})
    content = ground.ids().getData(data.selection).read()
    assert len(unzip(content)) == 6 - 3 + 1, "three of the names end alike"
    for name in zipfile.ZipFile(io.BytesIO(content)).namelist():
        assert name.startswith("ids/")
        assert ".." not in name.split("/")
        assert name.isprintable()


def _uploads(ground: Ground) -> set[Path]:
    return {path for path in (ground.folder / "uploads").rglob("*") if path.is_file()}


def _lay_traps(folder: Path) -> None:
    """What must not be served, and ways to it."""
    if (folder / "secret").exists():
        return
    (folder / "secret").write_text("secret")
    (folder / "raw2").mkdir()
    (folder / "raw2" / "secret").write_text("secret")
    (folder / "raw" / "folder").mkdir()
    (folder / "raw" / "outside-link").symlink_to(folder / "secret")
    (folder / "raw" / "outside-folder").symlink_to(folder)
    os.mkfifo(folder / "raw" / "fifo")
