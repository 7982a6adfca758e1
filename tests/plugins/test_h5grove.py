"""HDF5 files through h5grove: what viewers ask for, and what hostile files and links do not get."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import icat_plus_client
import numpy as np
import pytest
import requests
from icat_plus_client.exceptions import BadRequestException, ForbiddenException, NotFoundException

from drac_plugins.h5grove import contents, guard
from drac_plugins.h5grove.questions import Question
from icat_schema.gateway import New, Ref, Select
from icat_schema.gateway.conditions import Eq
from tests.plugins.conftest import VISITOR, Measured
from tests.support.facade import RunningFacade

SECRET = 424242


@dataclass(frozen=True)
class Ground:
    """Ada's dataset `scan` with files on disk; `result` was computed from `raw`; `hers` is dee's alone. `ids`: of the
    datafiles by name."""

    ids: Mapping[str, int]
    folders: Mapping[str, Path]


@pytest.fixture(scope="module")
def ground(facade: RunningFacade, measured: Measured, visitor: Path) -> Iterator[Ground]:
    root = facade.root
    (kind,) = (id_ for (id_,) in root.rows(Select("DatasetType", ["id"], Eq("name", "files"))))
    investigation = root.rows(Select("Investigation", ["facility.id", "type.id"], Eq("id", measured.investigation)))[0]
    (dee,) = (id_ for (id_,) in root.rows(Select("User", ["id"], Eq("name", "simple/dee"))))
    team = [New("InvestigationUser", {"user": Ref(dee), "role": "Principal investigator"})]
    alone = {"name": "IH-LS-9", "visitId": "9", "title": "Dee's", "investigationUsers": team}
    home = Ref(investigation[0])
    (others,) = root.write([New("Investigation", {**alone, "facility": home, "type": Ref(investigation[1])})])
    known = dict(root.rows(Select("ParameterType", ["name", "id"])))
    if "input_datasetIds" not in known:
        fields = {"name": "input_datasetIds", "valueType": "STRING", "units": "NA", "applicableToDataset": True}
        known["input_datasetIds"] = root.write([New("ParameterType", {**fields, "facility": home})])[0]
    folders = {name: visitor / "h5" / name for name in ("scan", "raw", "result", "hers")}
    _fill(folders)
    ids: dict[str, int] = {}
    datasets: dict[str, int] = {}
    for name, folder in folders.items():
        names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.h5"))
        location = f"{VISITOR}/h5/{name}"
        files = [New("Datafile", {"name": f"{name}/{one}", "location": f"{location}/{one}"}) for one in names]
        owner = others if name == "hers" else measured.investigation
        content: dict[str, Any] = {"name": name, "location": location, "type": Ref(kind), "datafiles": files}
        if name == "result":
            listed = f"{datasets['raw']} {datasets['scan']}"
            typed = {"type": Ref(known["input_datasetIds"]), "stringValue": listed}
            content["parameters"] = [New("DatasetParameter", typed)]
        (datasets[name],) = root.write([New("Dataset", {**content, "investigation": Ref(owner)})])
        ids |= dict(root.rows(Select("Datafile", ["name", "id"], Eq("dataset.id", datasets[name]))))
    yield Ground(ids, folders)
    root.delete("Dataset", list(datasets.values()))
    root.delete("Investigation", [others])


def _fill(folders: Mapping[str, Path]) -> None:
    for folder in folders.values():
        folder.mkdir(parents=True)
    _secret(folders["hers"] / "secret.h5")
    _secret(folders["raw"] / "raw.h5")
    (folders["hers"] / "plain.raw").write_bytes(np.full(4, SECRET).tobytes())
    with h5py.File(folders["scan"] / "scan.h5", "w") as file:
        file.attrs["default"] = "entry"
        entry = file.create_group("entry")
        entry.attrs["default"] = "plot"
        entry["plot/counts"] = np.arange(4)
        entry["plot"].attrs["signal"] = "counts"
        entry.attrs["NX_class"] = "NXentry"
        entry.attrs["numbers"] = np.arange(3.0)
        entry["image"] = np.arange(600_000, dtype="f4").reshape(600, 1000)
        entry["packed"] = np.arange(100).reshape(10, 10)
        entry["title"] = "lysozyme"
        entry["nothing"] = h5py.Empty("f4")
        entry["texts"] = ["a", "bc"]
        entry["again"] = h5py.SoftLink("/entry/image")
        entry["part"] = h5py.ExternalLink("part.h5", "/numbers")
    with h5py.File(folders["scan"] / "part.h5", "w") as file:
        file["numbers"] = np.arange(5)
    for name in ("scan", "result"):
        _hostile(folders[name] / "hostile.h5", folders)
    (folders["scan"] / "link.h5").symlink_to(folders["hers"] / "secret.h5")
    (folders["scan"] / "broken.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(range(256)) * 8)
    (folders["scan"] / "text.h5").write_text("no HDF5")


def _secret(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file["secret"] = np.full(4, SECRET)
        file["secret"].attrs["said"] = str(SECRET)


def _hostile(path: Path, folders: Mapping[str, Path]) -> None:
    """Every way in which a file can lead to another one: to dee's, and to ada's own raw data."""
    with h5py.File(path, "w") as file:
        for name, target in (("hers", folders["hers"] / "secret.h5"), ("raw", folders["raw"] / "raw.h5")):
            group = file.create_group(name)
            group["link"] = h5py.ExternalLink(str(target), "/secret")
            group["relative"] = h5py.ExternalLink(f"../{name}/{target.name}", "/secret")
            group["all"] = h5py.ExternalLink(str(target), "/")
            group["soft"] = h5py.SoftLink(f"/{name}/link")
            group["through"] = h5py.SoftLink(f"/{name}/all/secret")
            layout = h5py.VirtualLayout(shape=(4,), dtype="i8")
            layout[:] = h5py.VirtualSource(str(target), "secret", shape=(4,))
            group.create_virtual_dataset("virtual", layout, fillvalue=-1)
            inside = h5py.VirtualLayout(shape=(4,), dtype="i8")
            inside[:] = h5py.VirtualSource(".", f"/{name}/link", shape=(4,))
            group.create_virtual_dataset("virtual_inside", inside, fillvalue=-1)
        plain = [(str(folders["hers"] / "plain.raw"), 0, h5py.h5f.UNLIMITED)]
        file.create_dataset("hers/values", shape=(4,), dtype="i8", external=plain)
        passwords = [("/etc/passwd", 0, h5py.h5f.UNLIMITED)]
        file.create_dataset("hers/passwords", shape=(100,), dtype="S1", external=passwords)
        file["circle"] = h5py.SoftLink("/circle")
        file.create_dataset("huge", shape=(10**6, 10**6), dtype="f8", chunks=(10**3, 10**3), fillvalue=1.0)
        file.create_dataset("bomb", shape=(1,), maxshape=(None,), dtype="f8", chunks=(4 * 10**8,), compression="gzip")
        file["bomb"].id.write_direct_chunk((0,), b"x\x9c\xed\xc1", 0)


@pytest.fixture
def api(facade: RunningFacade) -> icat_plus_client.H5GroveApi:
    return icat_plus_client.H5GroveApi(facade.client())


@pytest.fixture
def ask(facade: RunningFacade, ground: Ground) -> Callable[..., requests.Response]:
    """`ask("data", "scan/scan.h5", path="/entry/image")`, as ada."""

    def asked(kind: str, name: str, user: str = "ada", **query: Any) -> requests.Response:
        who = {"sessionId": facade.log_in(user), "datafileId": ground.ids[name]}
        return facade.request("GET", f"/h5grove/{kind}", params={**who, **query})

    return asked


def test_the_published_client_gets_all_four_answers(
    facade: RunningFacade, api: icat_plus_client.H5GroveApi, ground: Ground
) -> None:
    """It has no argument for the path: the root, and the values that NeXus has plotted first."""
    who = facade.log_in("ada"), str(ground.ids["scan/scan.h5"])
    meta = json.loads(api.h5grove_meta_get_without_preload_content(*who).data)
    assert (meta["kind"], [child["name"] for child in meta["children"]]) == ("group", ["entry"])
    assert json.loads(api.h5grove_attr_get_without_preload_content(*who).data) == {"default": "entry"}
    assert json.loads(api.h5grove_data_get_without_preload_content(*who).data) == [0, 1, 2, 3]
    assert json.loads(api.h5grove_stats_get_without_preload_content(*who).data)["max"] == 3
    with pytest.raises(BadRequestException, match="default dataset"):
        api.h5grove_data_get(who[0], str(ground.ids["scan/part.h5"]))


def test_what_viewers_ask_for(ask: Callable[..., requests.Response]) -> None:
    scan = "scan/scan.h5"
    meta = ask("meta", scan, path="/entry").json()
    assert {child["name"]: child["kind"] for child in meta["children"]} == {
        "plot": "group",
        **dict.fromkeys(("image", "packed", "title", "nothing", "texts", "again", "part"), "dataset"),
    }
    assert ask("meta", scan, path="/entry/image").json()["shape"] == [600, 1000]
    assert ask("meta", scan, path="/entry/again", resolve_links="none").json()["target_path"] == "/entry/image"
    assert ask("attr", scan, path="/entry").json() == {
        "NX_class": "NXentry",
        "default": "plot",
        "numbers": [0.0, 1.0, 2.0],
    }
    assert ask("attr", scan, path="/entry", attr_keys="numbers").json() == {"numbers": [0.0, 1.0, 2.0]}
    assert ask("data", scan, path="/entry/title").json() == "lysozyme"
    assert ask("data", scan, path="/entry/texts").json() == ["a", "bc"]
    assert ask("data", scan, path="/entry/nothing").json() is None
    assert ask("data", scan, path="/entry/packed", selection="1,2:4").json() == [12, 13]
    assert ask("data", scan, path="/entry/packed", selection="0:2", flatten="true").json() == list(range(20))
    assert ask("data", scan, path="/entry/part").json() == [0, 1, 2, 3, 4]
    stats = ask("stats", scan, path="/entry/packed").json()
    assert (stats["min"], stats["max"], stats["mean"]) == (0, 99, 49)


def test_a_whole_image_comes_as_bytes(ask: Callable[..., requests.Response]) -> None:
    reply = ask("data", "scan/scan.h5", path="/entry/again", format="bin")
    assert reply.headers["Content-Type"] == "application/octet-stream"
    assert int(reply.headers["Content-Length"]) == 2_400_000
    assert np.array_equal(np.frombuffer(reply.content, "f4"), np.arange(600_000, dtype="f4"))


@pytest.mark.parametrize(
    ("kind", "query", "status", "text"),
    [
        ("meta", {"path": "/entry/missing"}, 404, "missing"),
        ("attr", {"path": "/entry", "attr_keys": "missing"}, 404, "missing"),
        ("data", {"path": "/entry"}, 400, "no dataset"),
        ("data", {"path": "/entry/image", "selection": "a:b"}, 400, "invalid literal"),
        ("data", {"path": "/entry/image", "selection": "0,0,0"}, 400, "too many"),
        ("data", {"path": "/entry/image", "selection": "9000"}, 400, "out of range"),
        ("data", {"path": "/entry/image", "format": "exe"}, 400, "format"),
        ("data", {"path": "/entry/image", "dtype": "f2"}, 400, "dtype"),
        ("data", {"path": "/entry/texts", "format": "bin"}, 400, "no binary form"),
        ("data", {"path": "/entry/title", "format": "tiff"}, 400, "non-numeric"),
        ("meta", {"path": "/entry", "resolve_links": "some"}, 400, "link resolution"),
        ("meta", {"path": ""}, 200, "entry"),
    ],
)
def test_mistakes_are_said_in_words(
    ask: Callable[..., requests.Response], kind: str, query: dict[str, str], status: int, text: str
) -> None:
    reply = ask(kind, "scan/scan.h5", **query)
    assert (reply.status_code, text in reply.text) == (status, True), reply.text


def test_who_may_not_read_the_datafile_learns_nothing(
    facade: RunningFacade, api: icat_plus_client.H5GroveApi, ground: Ground
) -> None:
    file = str(ground.ids["scan/scan.h5"])
    api.h5grove_meta_get(facade.log_in("bo"), file)
    for user in ("dee", "reader"):
        with pytest.raises(NotFoundException, match="that you may see"):
            api.h5grove_meta_get(facade.log_in(user), file)
    with pytest.raises(NotFoundException):
        api.h5grove_meta_get(facade.log_in("ada"), str(ground.ids["hers/secret.h5"]))
    with pytest.raises(ForbiddenException):
        api.h5grove_meta_get("00000000-0000-0000-0000-000000000000", file)
    assert facade.get("/h5grove/meta", datafileId=file).status_code == 403
    assert facade.get("/h5grove/meta", sessionId=facade.log_in("ada")).status_code == 400


def test_a_session_that_has_ended_is_not_served_from_what_is_kept(facade: RunningFacade, ground: Ground) -> None:
    session = facade.services.catalogue.login("simple", {"username": "ada", "password": "ada"})
    query = {"sessionId": session.id, "datafileId": ground.ids["scan/scan.h5"]}
    assert facade.get("/h5grove/meta", **query).status_code == 200
    session.logout()
    assert facade.get("/h5grove/meta", **query).status_code == 403


@pytest.mark.parametrize("file", ["scan/hostile.h5", "result/hostile.h5"])
def test_a_file_leads_to_no_data_of_others(ask: Callable[..., requests.Response], file: str) -> None:
    for member in ("link", "relative", "soft", "through", "virtual", "virtual_inside", "values"):
        for kind in ("data", "attr", "meta", "stats"):
            reply = ask(kind, file, path=f"/hers/{member}")
            assert reply.status_code in (200, 400, 404), reply.text
            assert str(SECRET) not in reply.text, (kind, member)


def test_the_listing_of_a_group_leads_nowhere_either(ask: Callable[..., requests.Response]) -> None:
    reply = ask("meta", "scan/hostile.h5", path="/hers")
    assert reply.status_code == 200, reply.text
    kinds = {child["name"]: child["kind"] for child in reply.json()["children"]}
    assert kinds["link"] == kinds["all"] == "external_link"
    assert kinds["through"] == kinds["soft"] == "soft_link"
    assert ask("meta", "scan/hostile.h5", path="/hers/all/secret").status_code == 404
    assert "root" not in ask("data", "scan/hostile.h5", path="/hers/passwords").text


@pytest.mark.parametrize("member", ["link", "relative", "soft", "through", "virtual", "virtual_inside", "values"])
def test_where_the_kernel_does_not_guard_nothing_leaves_the_file(ground: Ground, member: str) -> None:
    file = ground.folders["scan"] / "hostile.h5"
    for kind in ("data", "attr", "meta", "stats"):
        for path in (f"/hers/{member}", f"/raw/{member}", "/raw/all/secret"):
            question = Question(kind, str(file), (), path, {}, 10**6)
            told = contents.answer(question, contents.opened(question), guarded=False)
            assert str(SECRET).encode() not in told.body
            assert kind == "meta" or told.status in (400, 404)


def test_where_the_kernel_does_not_guard_files_are_shown_all_the_same(ground: Ground) -> None:
    file = ground.folders["scan"] / "scan.h5"

    def told(kind: str, path: str, **query: str) -> Any:
        question = Question(kind, str(file), (), path, query, 10**7)
        return json.loads(contents.answer(question, contents.opened(question), guarded=False).body)

    assert {child["name"]: child["kind"] for child in told("meta", "/entry")["children"]} == {
        "plot": "group",
        "part": "external_link",
        **dict.fromkeys(("image", "packed", "title", "nothing", "texts", "again"), "dataset"),
    }
    assert told("data", "/entry/again", selection="0,:3") == [0, 1, 2]
    assert told("data", "") == [0, 1, 2, 3]
    assert told("meta", "/entry/again", resolve_links="none")["kind"] == "soft_link"


def test_a_symbolic_link_out_of_the_dataset_is_not_followed(ask: Callable[..., requests.Response]) -> None:
    reply = ask("data", "scan/link.h5", path="/secret")
    assert (reply.status_code, "symbolic link" in reply.text) == (404, True), reply.text


@pytest.mark.skipif(not guard.available(), reason="the kernel has no Landlock")
@pytest.mark.parametrize("member", ["link", "relative", "soft", "through", "virtual"])
def test_a_result_leads_to_the_raw_data_that_it_was_computed_from(
    ask: Callable[..., requests.Response], member: str
) -> None:
    assert ask("data", "result/hostile.h5", path=f"/raw/{member}").json() == [SECRET] * 4
    other = ask("data", "scan/hostile.h5", path=f"/raw/{member}")  # was not computed from it
    assert str(SECRET) not in other.text


@pytest.mark.parametrize("path", ["/huge", "/bomb", "/circle"])
def test_what_asks_for_all_memory_or_has_no_end_is_refused(ask: Callable[..., requests.Response], path: str) -> None:
    reply = ask("data", "scan/hostile.h5", path=path)
    assert reply.status_code in (400, 404), reply.text
    assert ask("data", "scan/hostile.h5", path="/huge", selection="5,:3").json() == [1.0, 1.0, 1.0]


@pytest.mark.parametrize("name", ["broken.h5", "text.h5"])
def test_what_is_no_hdf5_file_is_named_as_such(ask: Callable[..., requests.Response], name: str) -> None:
    assert ask("meta", f"scan/{name}").status_code == 400


def test_a_file_that_is_gone_is_not_found(ask: Callable[..., requests.Response], ground: Ground) -> None:
    path = ground.folders["scan"] / "part.h5"
    path.rename(path.with_suffix(".away"))
    try:
        reply = ask("meta", "scan/part.h5")
        assert (reply.status_code, "not on a disk" in reply.text) == (404, True)
    finally:
        path.with_suffix(".away").rename(path)
