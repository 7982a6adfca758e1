"""Preparing a catalogue, and the commands of this half."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from drac_plugins.core.links.commands import links
from drac_plugins.core.links.derive import DERIVED
from drac_plugins.core.links.provenance import MARKS
from icat_schema.gateway import Change, New, Ref, Select
from icat_schema.gateway.conditions import Eq
from icat_schema.parameters import vocabulary
from ingest.reference import Instrument, prepare, types_wanted
from ingest.reference_command import prepare as prepare_command
from ingest.statistics import INVESTIGATION_SUMS, SAMPLE_SUMS
from tests.ingest.apply.ground import Ground, fresh_ground, message, processed
from tests.ingest.apply.snapshot import changes
from tests.support.catalogue import RunningCatalogue

SESSION = "/data/visitor/ma1234/id11/20250310"


@pytest.fixture(scope="module")
def ground(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    with fresh_ground(template, tmp_path_factory.mktemp("reference")) as found:
        yield found


@pytest.fixture
def environment(ground: Ground) -> dict[str, str]:
    return {
        "DRAC_ICAT__URL": ground.settings.icat.url,
        "DRAC_ICAT__INGESTER__USERNAME": "root",
        "DRAC_ICAT__INGESTER__PASSWORD": "root",
        "DRAC_STORE__URL": ground.settings.store.url,
        "DRAC_STORE__AUTO_UPGRADE": "false",
    }


def test_every_name_that_is_written_has_a_type_wanted() -> None:
    wanted = {type_.name: type_ for type_ in types_wanted(vocabulary())}
    for holder, names in (
        ("Dataset", (*DERIVED, "__fileCount", "__volume", "__elapsedTime", "__truncated", "ResourcesGallery")),
        ("Sample", SAMPLE_SUMS),
        ("Investigation", (*INVESTIGATION_SUMS, "actualStartDate")),
        ("DataCollection", MARKS),
    ):
        for name in names:
            assert holder in wanted[name].applicable, name
    assert len(wanted) > 1254
    assert wanted["MX_exposureTime"].units == "s"
    assert wanted["__volume"].units == "NA"
    assert all(len((t.description or "").encode()) <= 255 for t in wanted.values())


def test_types_are_texts_that_describe_datasets(ground: Ground) -> None:
    columns = ["valueType", "enforced", "units"]
    rows = ground.session.rows(Select("ParameterType", columns, where=Eq("name", "MX_exposureTime")))
    assert rows == [("STRING", False, "s")]
    assert ground.session.count(Select("ParameterType", ["id"], where=Eq("applicableToDataset", True))) > 1254


def test_preparing_again_changes_nothing(ground: Ground) -> None:
    before = changes(ground.session)
    assert str(prepare(ground.session, "ESRF", instruments=[Instrument("ID11")])) == "nothing was missing"
    assert changes(ground.session) == before


def test_a_type_that_exists_is_made_applicable_and_otherwise_left_alone(ground: Ground) -> None:
    rows = ground.session.rows(Select("ParameterType", ["id", "units"], where=Eq("name", "__volume")))
    ground.session.write([Change("ParameterType", rows[0][0], {"applicableToSample": False, "units": "byte"})])
    prepare(ground.session, "ESRF")
    columns = ["id", "units", "applicableToSample"]
    found = ground.session.rows(Select("ParameterType", columns, where=Eq("name", "__volume")))
    assert found == [(rows[0][0], "byte", True)]


def test_the_command_prepares_an_empty_catalogue(fresh_catalogue: RunningCatalogue, tmp_path: Path) -> None:
    environment = {"DRAC_ICAT__URL": fresh_catalogue.url}
    arguments = ["--username", "root", "--password", "root", "--instrument", "ID11", "--investigation-type", "LS"]
    first = CliRunner().invoke(prepare_command, arguments, env=environment)
    assert first.exit_code == 0, first.output
    assert first.output.startswith("ESRF: created 1 Facility, 2 DatasetType, 2 InvestigationType, 1 Instrument, ")
    second = CliRunner().invoke(prepare_command, arguments, env=environment)
    assert second.output == "ESRF: nothing was missing\n"


def test_of_several_types_of_one_name_the_one_with_the_defined_unit_is_taken(ground: Ground) -> None:
    facility = Ref(ground.session.rows(Select("Facility", ["id"]))[0][0])
    fields = {"facility": facility, "valueType": "STRING", "applicableToDataset": True, "enforced": False}
    ground.session.write([New("ParameterType", {**fields, "name": "MX_exposureTime", "units": "ms"})])
    expected = ground.session.rows(
        Select("ParameterType", ["id"], where=Eq("name", "MX_exposureTime"), order=[("id", "ASC")])
    )[0][0]
    assert ground.consumer.parameter_types.get(["MX_exposureTime"])["MX_exposureTime"].id == expected


def test_the_command_repairs_and_checks_links(ground: Ground, environment: dict[str, str]) -> None:
    raw = f"{SESSION}/RAW_DATA/wire/wire_0001"
    first = ground.apply(message(raw))
    made = ground.apply(processed(f"{SESSION}/PROCESSED_DATA/wire/x", raw, f"{raw}_missing"))
    clean = CliRunner().invoke(links, ["repair", "--check"], env=environment)
    assert clean.exit_code == 0, clean.output
    assert clean.output == "0 differences found, 0 inputs missing for a week\n"
    ground.session.delete("Job", [row for (row,) in ground.session.rows(Select("Job", ["id"]))])
    broken = CliRunner().invoke(links, ["repair", "--check"], env=environment)
    assert broken.exit_code == 2
    assert f"dataset {made.dataset_id}: job: has no Job" in broken.output
    assert CliRunner().invoke(links, ["repair"], env=environment).exit_code == 0
    assert CliRunner().invoke(links, ["repair", "--check"], env=environment).exit_code == 0
    shown = CliRunner().invoke(links, ["show", str(made.dataset_id)], env=environment)
    assert f"declared: {raw} -> dataset {first.dataset_id}" in shown.output
    assert f"{raw}_missing -> nobody has registered it yet" in shown.output
    assert f"from: {first.dataset_id} {raw}" in shown.output
    unknown = CliRunner().invoke(links, ["show", "999999"], env=environment)
    assert unknown.exit_code == 1
    assert "drac links repair" in unknown.output
