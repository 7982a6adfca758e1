"""python-icat's IDSClient against the data service: every method, as the owner of the data uses it."""

from __future__ import annotations

import getpass
import io
import os
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import icat
import pytest
import requests
from icat.ids import DataSelection, IDSClient

from tests.server.ids.ground import Ground, set_up, unzip, wait_until
from tests.support.catalogue import RunningCatalogue

pytestmark = pytest.mark.xdist_group("ids")


def test_the_service_describes_itself(ground: Ground) -> None:
    ids = ground.ids()
    ids.ping()
    assert ids.version() == {"version": ids.getApiVersion()}
    assert requests.get(f"{ground.url}/getApiVersion", timeout=10).text == ids.getApiVersion()
    assert ids.getIcatUrl() == ground.server.url
    assert (ids.isReadOnly(), ids.isTwoLevel()) == (False, True)


def test_only_root_sees_what_the_service_does(ground: Ground) -> None:
    assert set(ground.ids().getServiceStatus()) == {"opsQueue", "lockCount", "locks", "failures"}
    with pytest.raises(icat.IDSInsufficientPrivilegesError):
        ground.ids("ada").getServiceStatus()


def test_a_dataset_comes_as_a_zip_with_the_originals_names(ground: Ground) -> None:
    data = ground.dataset({"a.h5": b"a" * 1000, "b.h5": b"b" * 10}, name="first scan/1")
    reply = ground.get("getData", datasetIds=data.dataset)
    assert unzip(reply.content) == data.files
    assert b"ids/ESRF+%2F+test/MA-1/id00/first+scan%2F1/a.h5" in reply.content
    assert int(reply.headers["Content-Length"]) == len(reply.content)
    assert reply.headers["Content-Disposition"].endswith('.zip"') or reply.headers["Content-Disposition"].endswith(
        ".zip"
    )


@pytest.mark.parametrize("compress", [False, True])
def test_files_can_be_compressed(ground: Ground, compress: bool) -> None:
    data = ground.dataset({"zeros": bytes(100_000), "text": b"text"})
    content = ground.ids("ada").getData(data.selection, compressFlag=compress).read()
    assert unzip(content) == data.files
    assert (len(content) < 10_000) is compress


def test_one_file_comes_as_it_is_unless_a_zip_is_wanted(ground: Ground) -> None:
    data = ground.dataset({"a.h5": b"content"})
    ids = ground.ids("bo")
    reply = ids.getData(data.one("a.h5"))
    assert reply.read() == b"content"
    assert "a.h5" in reply.headers["Content-Disposition"]
    assert unzip(ids.getData(data.one("a.h5"), zipFlag=True).read()) == data.files
    assert "mine.h5" in ids.getData(data.one("a.h5"), outname="mine.h5").headers["Content-Disposition"]
    assert "all.zip" in ids.getData(data.selection, outname="all").headers["Content-Disposition"]


def test_what_is_named_twice_comes_once(ground: Ground) -> None:
    data = ground.dataset({"a": b"1", "b": b"2"})
    selection = DataSelection(
        {"investigationIds": [], "datasetIds": [data.dataset], "datafileIds": list(data.ids.values())}
    )
    ids = ground.ids()
    assert sorted(ids.getDatafileIds(selection)) == sorted(data.ids.values())
    assert unzip(ids.getData(selection).read()) == data.files


def test_an_investigation_is_all_of_its_datasets(ground: Ground) -> None:
    one, two = ground.dataset({"a": b"1"}), ground.dataset({"b": b"22"})
    found = ground.ids("cy").getDatafileIds(DataSelection({"investigationIds": [ground.investigation]}))
    assert {*one.ids.values(), *two.ids.values()} <= set(found)


def test_an_empty_selection_is_no_error(ground: Ground) -> None:
    ids, nothing = ground.ids(), DataSelection()
    assert (ids.getSize(nothing), ids.getDatafileIds(nothing), ids.getStatus(nothing)) == (0, [], "ONLINE")
    assert unzip(ids.getData(nothing).read()) == {}
    ids.delete(nothing)


def test_sizes_are_those_of_the_catalogue(ground: Ground) -> None:
    one, two = ground.dataset({"a": b"1" * 7, "b": b"1" * 3}), ground.dataset({"c": b"1"})
    ids = ground.ids("ada")
    assert ids.getSize(one.selection) == 10
    assert ids.getSize(DataSelection({"datasetIds": [one.dataset, two.dataset]})) == 11
    assert ids.getSize(DataSelection({"datasetIds": [two.dataset], "datafileIds": [one.ids["a"]]})) == 8
    assert ids.getSize(ids.prepareData(one.selection)) == 10


def test_datafiles_without_location_are_not_there_for_the_service(ground: Ground) -> None:
    data = ground.dataset({"a": b"1"})
    (bare,) = ground.root.write({"Datafile": {"name": "b", "fileSize": 5, "dataset": {"id": data.dataset}}})
    ids = ground.ids()
    assert ids.getDatafileIds(data.selection) == [data.ids["a"]]
    assert ids.getSize(data.selection) == 1
    with pytest.raises(icat.IDSNotFoundError):
        ids.getData(DataSelection({"datafileIds": [bare]}))


def test_a_prepared_selection_can_be_fetched_by_whoever_knows_its_id(ground: Ground) -> None:
    data = ground.dataset({"a": b"1", "b": b"2"})
    prepared = ground.ids("ada").prepareData(data.selection, compressFlag=True)
    stranger = IDSClient(ground.url)
    assert stranger.isPrepared(prepared)
    assert stranger.getStatus(prepared) == "ONLINE"
    assert stranger.getDatafileIds(prepared) == sorted(data.ids.values())
    assert unzip(stranger.getData(prepared).read()) == data.files
    reply = requests.get(f"{ground.url}/getDatafileIds", {"preparedId": prepared}, timeout=10).json()
    assert (reply["zip"], reply["compress"]) == (True, True)
    stranger.reset(prepared)


def test_a_prepared_selection_says_when_some_of_it_has_been_deleted(ground: Ground) -> None:
    data = ground.dataset({"a": b"1", "b": b"2"})
    ids = ground.ids()
    prepared = ids.prepareData(data.selection)
    ids.delete(data.one("a"))
    with pytest.raises(icat.IDSNotFoundError, match="deleted"):
        ids.getData(prepared)


def test_a_file_that_is_put_becomes_a_datafile(ground: Ground) -> None:
    data = ground.dataset({})
    content = os.urandom(300_000)
    ids = ground.ids("ada")
    id_ = ids.put(
        io.BytesIO(content), "new.h5", data.dataset, ground.datafile_format, "about", "10.1/x", 1213774271000, 5
    )
    (found,) = ground.root.search(f"SELECT d FROM Datafile d WHERE d.id = {id_}")
    made = found["Datafile"]
    assert (made["name"], made["fileSize"], made["createId"]) == ("new.h5", 300_000, "simple/ada")
    assert made["checksum"] == f"{zlib.crc32(content):x}"
    assert (made["description"], made["doi"]) == ("about", "10.1/x")
    assert made["datafileCreateTime"].startswith("2008-06-18T")
    assert (ground.folder / "uploads" / made["location"]).read_bytes() == content
    assert ids.getData(DataSelection({"datafileIds": [id_]})).read() == content


def test_a_file_can_come_from_a_form(ground: Ground) -> None:
    data = ground.dataset({})
    form = {"sessionId": ground.session("cy"), "datasetId": data.dataset, "datafileFormatId": ground.datafile_format}
    reply = requests.post(f"{ground.url}/put", form, files={"file": ("form.txt", b"from a form")}, timeout=30)
    assert reply.status_code == 201
    assert reply.json()["size"] == 11
    selection = DataSelection({"datafileIds": [reply.json()["id"]]})
    assert ground.ids().getData(selection).read() == b"from a form"
    reply = requests.post(f"{ground.url}/put", {**form, "wrap": "true"}, files={"f": b""}, timeout=30)
    assert (reply.status_code, reply.json()["code"]) == (400, "BadRequestException")


def test_uploads_have_a_limit_of_their_own(start: Callable[..., RunningCatalogue], tmp_path: Path) -> None:
    server = start("--uploads", str(tmp_path / "uploads"), "--max-upload-bytes", "1000")
    ground = set_up(server, tmp_path)
    ids, dataset = ground.ids(), ground.dataset({}).dataset
    ids.put(io.BytesIO(bytes(1000)), "fits", dataset, ground.datafile_format)
    for size in (1001, 300_000):  # the service refuses the one, waitress the other
        with pytest.raises((icat.IDSBadRequestError, OSError)):
            ids.put(io.BytesIO(bytes(size)), "too large", dataset, ground.datafile_format)
    assert [f.stat().st_size for f in (tmp_path / "uploads").rglob("*") if f.is_file()] == [1000]


def test_deleting_takes_the_file_and_the_datafile(ground: Ground) -> None:
    data = ground.dataset({"a": b"1", "b": b"2"})
    ground.ids("ada").delete(data.one("a"))
    assert ground.raw_files(data) == {"b": b"2"}
    assert not ground.datafile_exists(data.ids["a"])


def test_a_file_that_another_datafile_needs_stays(ground: Ground) -> None:
    data = ground.dataset({"a": b"1"})
    location = f"/data/visitor/{data.dataset}/a"
    (twin,) = ground.root.write(
        {"Datafile": {"name": "twin", "location": location, "dataset": {"id": data.dataset}, "fileSize": 1}}
    )
    ids = ground.ids()
    ids.delete(data.one("a"))
    assert ground.raw_files(data) == {"a": b"1"}
    ids.delete(DataSelection({"datafileIds": [twin]}))
    assert ground.raw_files(data) == {}


@pytest.mark.parametrize("spelling", ["/data/visitor//{}/a", "/data/visitor/./{}/a", "/data/visitor/{}/a/"])
def test_nobody_deletes_a_file_of_others_under_another_spelling(ground: Ground, spelling: str) -> None:
    data = ground.dataset({"a": b"1"})
    location = spelling.format(data.dataset)
    (twin,) = ground.root.write(
        {"Datafile": {"name": "twin", "location": location, "dataset": {"id": data.dataset}, "fileSize": 1}}
    )
    ground.ids().delete(DataSelection({"datafileIds": [twin]}))
    assert ground.raw_files(data) == {"a": b"1"}
    ground.ids().delete(data.one("a"))
    assert ground.raw_files(data) == {}


def test_a_link_is_another_name_of_the_file(ground: Ground) -> None:
    data = ground.dataset({"a": b"linked"})
    link = Path(ground.ids("bo").getLink(data.ids["a"], getpass.getuser()))
    assert link.parent == (ground.folder / "links").resolve()
    assert link.read_bytes() == b"linked"
    with pytest.raises(icat.IDSBadRequestError, match="no account"):
        ground.ids("bo").getLink(data.ids["a"], "no-such-account")
    with pytest.raises(icat.IDSInsufficientPrivilegesError):
        ground.ids("dee").getLink(data.ids["a"], getpass.getuser())


def test_old_links_are_removed(ground: Ground) -> None:
    old = ground.folder / "links" / "1000000000-0"
    old.parent.mkdir(exist_ok=True)
    old.write_text("")
    data = ground.dataset({"a": b"1"})
    ground.ids().getLink(data.ids["a"], getpass.getuser())
    assert not old.exists()


def test_a_dataset_goes_to_the_archive_and_comes_back(ground: Ground) -> None:
    data = ground.dataset({"a": b"1" * 100, "b": b"2"})
    ids = ground.ids("ada")
    before = {p.name: p.stat().st_mtime_ns for p in (ground.raw / str(data.dataset)).iterdir()}
    ids.archive(data.selection)
    assert ids.getStatus(data.selection) == "ARCHIVED"
    wait_until(lambda: not ground.raw_files(data))
    assert ground.archived_files(data) == data.files
    assert IDSClient(ground.url).getStatus(data.selection) == "ARCHIVED"
    wait_until(lambda: not ground.ids().getServiceStatus()["opsQueue"])
    ids.restore(data.selection)
    wait_until(lambda: ids.getStatus(data.selection) == "ONLINE")
    assert ground.raw_files(data) == data.files
    assert {p.name: p.stat().st_mtime_ns for p in (ground.raw / str(data.dataset)).iterdir()} == before


def test_asking_for_archived_data_brings_them_back(ground: Ground) -> None:
    data = ground.dataset({"a": b"1", "b": b"2"})
    ids = ground.ids("bo")
    _archive(ground, data.selection)
    for call in (lambda: ids.getData(data.one("a")), lambda: ids.getData(data.selection)):
        with pytest.raises(icat.IDSDataNotOnlineError):
            call()
        wait_until(lambda: ids.getStatus(data.selection) == "ONLINE")
        assert unzip(ids.getData(data.selection).read()) == data.files
        _archive(ground, data.selection)


def test_preparing_brings_archived_data_back(ground: Ground) -> None:
    data = ground.dataset({"a": b"1"})
    _archive(ground, data.selection)
    ids = ground.ids()
    prepared = ids.prepareData(data.selection)
    wait_until(lambda: ids.isPrepared(prepared))
    assert unzip(ids.getData(prepared).read()) == data.files


def test_nothing_is_put_into_or_deleted_from_an_archived_dataset(ground: Ground) -> None:
    data = ground.dataset({"a": b"1"})
    ids = ground.ids("ada")
    _archive(ground, data.selection)
    with pytest.raises(icat.IDSDataNotOnlineError):
        ids.put(io.BytesIO(b"2"), "b", data.dataset, ground.datafile_format)
    _archive(ground, data.selection)
    with pytest.raises(icat.IDSDataNotOnlineError):
        ids.delete(data.selection)
    assert ground.datafile_exists(data.ids["a"])
    wait_until(lambda: ids.getStatus(data.selection) == "ONLINE")
    ids.delete(data.selection)
    assert (ground.raw_files(data), ground.archived_files(data)) == ({}, {})


def test_write_copies_without_taking_away(ground: Ground) -> None:
    data = ground.dataset({"a": b"1"})
    ids = ground.ids()
    ids.write(data.selection)
    wait_until(lambda: ground.archived_files(data) == data.files)
    assert ids.getStatus(data.selection) == "ONLINE"
    (ground.raw / str(data.dataset) / "a").write_bytes(b"changed")
    _archive(ground, data.selection)
    assert ground.archived_files(data) == {"a": b"changed"}


def test_what_cannot_be_restored_is_told_until_it_is_reset(ground: Ground) -> None:
    data = ground.dataset({"a": b"1", "b": b"2"})
    (ground.raw / str(data.dataset) / "a").unlink()
    ids = ground.ids()
    ids.archive(data.selection)
    wait_until(lambda: data.dataset in ids.getServiceStatus()["failures"])
    assert ground.raw_files(data) == {"b": b"2"}, "nothing may be taken away when not everything is safe"
    with pytest.raises(icat.IDSInternalError, match="neither level") as told:
        ids.getStatus(data.selection)
    assert "/data/visitor" not in str(told.value), "getStatus answers strangers, too"
    ids.reset(data.selection)
    assert ids.getStatus(data.selection) == "ARCHIVED"


def test_one_level_has_no_archive(bare: Ground) -> None:
    data = bare.dataset({"a": b"1"})
    ids = bare.ids()
    assert (ids.isReadOnly(), ids.isTwoLevel()) == (True, False)
    for call in (ids.archive, ids.write, ids.restore, ids.reset):
        call(data.selection)
    assert ids.getStatus(data.selection) == "ONLINE"
    assert bare.raw_files(data) == data.files


def test_a_service_without_uploads_and_links_says_so(bare: Ground) -> None:
    data = bare.dataset({"a": b"1"})
    ids = bare.ids()
    calls = (
        lambda: ids.put(io.BytesIO(b"1"), "b", data.dataset, bare.datafile_format),
        lambda: ids.delete(data.selection),
        lambda: ids.getLink(data.ids["a"], "root"),
    )
    for call in calls:
        with pytest.raises(icat.IDSNotImplementedError):
            call()
    assert bare.raw_files(data) == data.files
    assert bare.datafile_exists(data.ids["a"])


@pytest.fixture(autouse=True)
def _quiet_end(request: pytest.FixtureRequest) -> Iterator[None]:
    """Leave no work behind that the next test would wait for."""
    yield
    if "ground" in request.fixturenames:
        ids = request.getfixturevalue("ground").ids()
        wait_until(lambda: not ids.getServiceStatus()["opsQueue"])


def _archive(ground: Ground, selection: DataSelection) -> None:
    ids = ground.ids()
    wait_until(lambda: not ids.getServiceStatus()["opsQueue"])
    ids.archive(selection)
    wait_until(lambda: not ids.getServiceStatus()["opsQueue"])
    assert ids.getStatus(selection) == "ARCHIVED"
