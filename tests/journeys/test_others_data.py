"""Somebody else's data: who sees what, by every way there is, and what links between sessions tell."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import requests
from PIL import Image

from drac_plugins.demo.verify import parameter
from icat_schema.gateway import Catalogue, GatewaySettings, New, Ref, Select, Session
from icat_schema.gateway.conditions import And, Eq
from tests.journeys.messages import Announced, Door, fresh
from tests.journeys.visitors import COLLECTIONS, OPEN, PICTURE, WITH_KEY, WITH_SESSION, Person, Place, shows
from tests.support.demonstration import Demonstration

pytestmark = [pytest.mark.xdist_group("demo"), pytest.mark.slow]

PARIS = ZoneInfo("Europe/Paris")
DAY = datetime(2026, 7, 1, 9, 0, tzinfo=PARIS)

SEES: Mapping[str, frozenset[str]] = {
    "embargoed": frozenset({"ada", "bo", "cy", "root"}),
    "elsewhere": frozenset({"ada", "bo", "root"}),
    "released": frozenset({"ada", "bo", "cy", "dee", "anon", "nobody", "root"}),
    "dee's": frozenset({"dee", "cy", "root"}),
}
"""embargoed: ada's at the beamline of cy; elsewhere: ada's at another one; dee's: at the beamline of cy, who is not in
the team. anon: logged in by the authenticator anon; nobody: not logged in at all."""


TEAM = "/catalogue/{s}/investigation/id/<i>/investigationusers"
STRANGERS = frozenset({"dee", "anon", "nobody"})
"""Released data are for everybody; who measured them is for those who work with them."""


@dataclass(frozen=True)
class Scene:
    people: Mapping[str, Person]
    places: Mapping[str, Place]
    secrets: tuple[str, ...]
    """Names and places of ada's embargoed data that dee's messages do not name."""
    declared: str
    """The path of ada's that dee's message names."""
    theft: str
    """What dee's dataset is called."""


@pytest.fixture(scope="module")
def root(demonstration: Demonstration) -> Iterator[Session]:
    catalogue = Catalogue(GatewaySettings(url=demonstration.catalogue_url))
    yield catalogue.login("simple", {"username": "root", "password": "root"})
    catalogue.close()


@pytest.fixture(scope="module")
def scene(demonstration: Demonstration, root: Session) -> Scene:
    url = demonstration.url
    people = {name: Person.log_in(url, name) for name in ("ada", "bo", "cy", "dee", "root")}
    people |= {"anon": Person.log_in(url, "anon", "anon"), "nobody": Person.anonymous(url)}
    ours = {name: _place(root, name) for name in ("MX-2745", "MX-2790", "MD-1290")}
    theft = fresh("theft")
    _session_of_dee(root)
    victim = _datasets(people["ada"], ours["MX-2745"].investigation)
    declared = next(str(d["location"]) for d in victim if d["id"] == ours["MX-2745"].raw)
    stolen = _steal(demonstration, root, theft, declared, ours["MX-2745"].raw)
    places = {
        "embargoed": ours["MX-2745"],
        "elsewhere": ours["MX-2790"],
        "released": ours["MD-1290"],
        "dee's": stolen,
    }
    return Scene(people, places, _secrets(victim, declared), declared, theft)


def _place(root: Session, name: str) -> Place:
    columns = ["id", "investigation.id", "type.name"]
    rows = root.rows(Select("Dataset", columns, Eq("investigation.name", name)))
    raw = min(key for key, _, kind in rows if kind == "acquisition")
    pictures = root.rows(
        Select("DatasetParameter", ["stringValue"], And(Eq("dataset.id", raw), Eq("type.name", "ResourcesGallery")))
    )
    picture = pictures[0][0].split()[0] if pictures else "0" * 24
    return Place(rows[0][1], raw, min(key for key, _, kind in rows if kind == "processed"), picture)


def _datasets(person: Person, investigation: int) -> list[dict[str, object]]:
    found: list[dict[str, object]] = person.get(f"/catalogue/datasets?investigationIds={investigation}").json()
    return found


def _secrets(datasets: list[dict[str, object]], declared: str) -> tuple[str, ...]:
    found = {str(d[key]) for d in datasets for key in ("name", "location")}
    found |= {str(parameter(d, "Process_program")) for d in datasets}
    found |= {"Lysozyme under three orientations", "Ribosomes in ice"}
    return tuple(sorted(text for text in found if len(text) > 6 and text not in declared and text != "None"))


def _session_of_dee(root: Session) -> None:
    names = {name for (name,) in root.rows(Select("Investigation", ["name"]))}
    if "MX-7001" in names:
        return
    ((facility,),) = root.rows(Select("Facility", ["id"]))
    ((kind,),) = root.rows(Select("InvestigationType", ["id"], Eq("name", "MX")))
    ((instrument,),) = root.rows(Select("Instrument", ["id"], Eq("name", "ID30A-1")))
    ((dee,),) = root.rows(Select("User", ["id"], Eq("name", "simple/dee")))
    fields = {
        "name": "MX-7001",
        "visitId": "ID30A-1 20260701",
        "title": "What dee measures",
        "startDate": DAY,
        "endDate": DAY.replace(day=2),
        "releaseDate": DAY.replace(year=2029),
        "facility": Ref(facility),
        "type": Ref(kind),
        "investigationInstruments": [New("InvestigationInstrument", {"instrument": Ref(instrument)})],
        "investigationUsers": [New("InvestigationUser", {"user": Ref(dee), "role": "Principal investigator"})],
    }
    root.write([New("Investigation", fields)])


def _steal(demonstration: Demonstration, root: Session, name: str, declared: str, victim: int) -> Place:
    """dee announces raw data whose gallery links to ada's pictures, and a result computed from ada's raw data."""
    common = {"proposal": "mx7001", "day": "20260701", "start": DAY}
    lure = Announced(fresh("lure"), **common)  # type: ignore[arg-type]
    folder = demonstration.data / lure.location.removeprefix("/data/")
    (folder / "gallery").mkdir(parents=True)
    (folder / "lure.h5").write_bytes(b"hers")
    Image.new("L", (8, 8), 77).save(folder / "gallery" / "hers.png")
    theirs = next(_on_disk(demonstration, declared).glob("gallery/*.*"))
    (folder / "gallery" / "stolen.png").symlink_to(theirs)
    forged = {
        "input_datasetIds": str(victim),
        "output_datasetIds": str(victim),
        "__full_output_datasetIds": str(victim),
    }
    listed = f"{declared}/gallery/{theirs.name}"
    result = Announced(
        name,
        raw=[lure.location, declared],
        metadata={**forged, "ResourcesGalleryFilePaths": listed, "investigationId": "1"},
        **common,  # type: ignore[arg-type]
    )
    door = Door.of(demonstration.broker, demonstration.settings_file)
    door.send(lure.body, result.body)
    raw, processed = (door.entry(m.body) for m in (lure, result))
    assert (raw.state, processed.state) == ("done", "done"), (raw.text, processed.text)
    assert raw.investigation_id is not None
    assert raw.dataset_id is not None
    assert processed.dataset_id is not None
    picture = _gallery(root, raw.dataset_id)
    return Place(raw.investigation_id, raw.dataset_id, processed.dataset_id, picture.split()[0])


def _on_disk(demonstration: Demonstration, announced: str) -> Path:
    return demonstration.data / announced.partition("/data/")[2]


def _gallery(root: Session, dataset_id: int) -> str:
    """What the gallery of a dataset lists, as soon as it is there."""
    where = And(Eq("dataset.id", dataset_id), Eq("type.name", "ResourcesGallery"))
    end = time.monotonic() + 30
    while not (rows := root.rows(Select("DatasetParameter", ["stringValue"], where))):
        assert time.monotonic() < end, "no gallery"
        time.sleep(0.1)
    text: str = rows[0][0]
    return text


# ------------------------------------------------------------------------------------------------- who sees what


@pytest.mark.parametrize("name", ["ada", "bo", "cy", "dee", "anon", "nobody", "root"])
def test_every_way_shows_sessions_to_those_whom_the_rules_name_and_to_nobody_else(scene: Scene, name: str) -> None:
    person = scene.people[name]
    ways = OPEN if name == "nobody" else {**OPEN, **WITH_SESSION}
    pages_too = name != "anon"  # anon has no cookie: the pages see nobody, who has the same rights
    wrong = []
    for place, seers in SEES.items():
        for way, ask in ways.items():
            if way.startswith("/portal") and not pages_too:
                continue
            seen = shows(ask(person, scene.places[place]))
            may = seers - STRANGERS if (way, place) == (TEAM, "released") else seers
            if seen != (name in may):
                wrong.append(f"{name} {'sees' if seen else 'does not see'} {place} by {way}")
    assert wrong == []


def test_the_key_of_a_control_system_shows_every_session(scene: Scene) -> None:
    for place in scene.places.values():
        for way, ask in WITH_KEY.items():
            assert shows(ask(scene.people["nobody"], place)), way


def test_pictures_are_shown_with_their_dataset_only(scene: Scene) -> None:
    for place, seers in (("embargoed", SEES["embargoed"]), ("dee's", SEES["dee's"])):
        where = scene.places[place]
        for name, person in scene.people.items():
            if name != "anon":
                assert shows(PICTURE(person, where)) == (name in seers), (place, name)
    hers, picture = scene.places["dee's"], scene.places["embargoed"].picture
    for dataset in (hers.raw, hers.processed):
        disguised = Place(hers.investigation, dataset, dataset, picture)
        for name in ("dee", "cy", "nobody"):
            assert not shows(PICTURE(scene.people[name], disguised)), name


# ------------------------------------------------------------------------------------------------- what links tell


def test_a_link_to_somebody_elses_picture_is_not_followed_and_listing_it_does_not_help(
    scene: Scene, root: Session
) -> None:
    assert len(_gallery(root, scene.places["dee's"].raw).split()) == 1, "the linked picture is in the gallery"
    where = And(Eq("dataset.id", scene.places["dee's"].processed), Eq("type.name", "ResourcesGallery"))
    assert root.rows(Select("DatasetParameter", ["stringValue"], where)) == []


def test_dee_learns_nothing_of_adas_data_by_computing_from_them(scene: Scene) -> None:
    dee, place = scene.people["dee"], scene.places["dee's"]
    replies = [ask(dee, place) for ask in (*OPEN.values(), *WITH_SESSION.values(), *COLLECTIONS.values())]
    replies += [
        dee.get("/catalogue/datasets?search=lysozyme&nested=true"),
        dee.get("/catalogue/datasets?datasetType=acquisition&nested=true"),
        dee.get("/catalogue/{s}/investigation?search=lysozyme"),
        dee.get("/catalogue/{s}/investigation?withHasAccess=true"),
        dee.get("/catalogue/{s}/samples?search=x&includeDatasets=true&nested=true"),
        dee.get(f"/catalogue/{{s}}/datafile?location={scene.declared}"),
        dee.get("/catalogue/datasets?parameters=definition~eq~MX"),
        dee.get("/portal/?q=lysozyme"),
    ]
    for reply in replies:
        text = reply.text.replace(scene.declared, "")
        for secret in scene.secrets:
            assert secret not in text, (reply.url, secret)
    for path in (f"/catalogue/datasets?datasetIds={place.processed}&nested=true", "/catalogue/datasets?search=theft"):
        for found in dee.get(path).json():
            below = [output["id"] for output in found.get("outputDatasets") or ()]
            assert scene.places["embargoed"].raw not in below


def test_ada_does_not_learn_what_dee_made_of_her_data(scene: Scene) -> None:
    ada, place = scene.people["ada"], scene.places["embargoed"]
    replies: list[requests.Response] = [
        ask(ada, place) for ask in (*OPEN.values(), *WITH_SESSION.values(), *COLLECTIONS.values())
    ]
    for reply in replies:
        assert scene.theft not in reply.text, reply.url
        assert "What dee measures" not in reply.text, reply.url


def test_what_dee_forged_about_links_is_not_believed(scene: Scene) -> None:
    hers = scene.places["dee's"]
    (found,) = scene.people["dee"].get(f"/catalogue/datasets?datasetIds={hers.processed}").json()
    assert parameter(found, "output_datasetIds") is None
    assert parameter(found, "__full_output_datasetIds") is None
    inputs = (parameter(found, "input_datasetIds") or "").split()
    assert inputs[0] == str(hers.raw)
    assert found["investigation"]["name"] == "MX-7001"
