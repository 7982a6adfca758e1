"""The core stage over the wire: awkward values, names, interruptions, what is refused, and what it costs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import patch

import pytest
from sqlalchemy import delete, select

from drac_plugins.core.links.tables import dataset_link, dataset_location, dataset_long_value
from icat_schema.gateway import Change, New, Ref, Select
from icat_schema.gateway.conditions import Eq
from icat_schema.gateway.errors import CatalogueUnavailable
from ingest.consumer import Consumer
from ingest.domain import DatasetMessage, InvestigationMessage, SampleMessage
from ingest.outcome import NotYet, Refused
from ingest.registration import Registration
from ingest.tables import dataset_aside, dataset_origin
from tests.ingest.apply.ground import Ground, fresh_ground, message, processed
from tests.ingest.apply.snapshot import Dataset, changes, take

SESSION = "/data/visitor/ma1234/id11/20250310"
NOON = datetime(2025, 3, 10, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def ground(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    with fresh_ground(template, tmp_path_factory.mktemp("consumer")) as found:
        yield found


@pytest.fixture
def place(request: pytest.FixtureRequest) -> str:
    """Where the dataset of this test lies."""
    return f"{SESSION}/RAW_DATA/wire/{request.node.name[:80]}"


def having(one: DatasetMessage, **values: str) -> DatasetMessage:
    return replace(one, parameters=(*one.parameters, *values.items()))


def at(ground: Ground, location: str) -> Dataset:
    return take(ground.session).datasets[location]


# -------------------------------------------------------------------------------------------------------- values


def test_a_value_that_does_not_fit_is_cut_named_and_kept_whole(ground: Ground, place: str) -> None:
    text = " ".join(str(number) for number in range(2000))
    done = ground.apply(having(message(place), Notes_note_00=text))
    parameters = at(ground, place).parameters
    assert parameters["Notes_note_00"] == text[: len(parameters["Notes_note_00"])]
    assert len(parameters["Notes_note_00"]) <= 4000
    assert parameters["__truncated"] == "Notes_note_00"
    with ground.store.read() as connection:
        query = select(dataset_long_value.c.value).where(dataset_long_value.c.dataset_id == done.dataset_id)
        assert connection.execute(query).scalars().all() == [text]
    ground.apply(having(message(place), Notes_note_00="short"))
    assert "__truncated" not in at(ground, place).parameters


def test_a_type_with_numbers_takes_numbers_and_puts_text_aside(ground: Ground, place: str) -> None:
    facility = Ref(ground.session.rows(Select("Facility", ["id"]))[0][0])
    ground.session.write(
        [
            New(
                "ParameterType",
                {
                    "facility": facility,
                    "name": name,
                    "units": "K",
                    "valueType": kind,
                    "applicableToDataset": True,
                    "enforced": False,
                },
            )
            for name, kind in (("test_number", "NUMERIC"), ("test_moment", "DATE_AND_TIME"))
        ]
    )
    consumer = Consumer(ground.settings, ground.session, ground.store)
    good = having(message(place), test_number="4.2", test_moment="2025-03-10T10:00:00")
    done = consumer.apply(good, NOON, 1)
    rows = ground.session.rows(
        Select(
            "DatasetParameter",
            ["type.name", "numericValue", "dateTimeValue", "stringValue"],
            where=Eq("dataset.id", done.dataset_id or 0),
        )
    )
    found = {name: values for name, *values in rows}
    assert found["test_number"] == [4.2, None, None]
    assert found["test_moment"] == [None, datetime(2025, 3, 10, 9, tzinfo=UTC), None]
    before = changes(ground.session)
    consumer.apply(good, NOON, 1)
    assert changes(ground.session) == before
    bad = having(message(f"{place}_b"), test_number="room temperature", test_moment="nan")
    done = consumer.apply(bad, NOON, 2)
    assert any("room temperature" in warning for warning in done.warnings)
    with ground.store.read() as connection:
        query = select(dataset_aside.c.name, dataset_aside.c.value).where(dataset_aside.c.dataset_id == done.dataset_id)
        rows_aside = {(row.name, row.value) for row in connection.execute(query)}
        assert rows_aside == {("test_number", "room temperature"), ("test_moment", "nan")}


def test_two_different_values_of_one_name_give_the_last_one_and_a_warning(ground: Ground, place: str) -> None:
    one = message(place)
    done = ground.apply(replace(one, parameters=(*one.parameters, ("scanType", "a"), ("scanType", "b"))))
    assert at(ground, place).parameters["scanType"] == "b"
    assert any("scanType" in warning for warning in done.warnings)


def test_values_under_names_of_the_ingester_are_ignored(ground: Ground, place: str) -> None:
    ground.apply(having(message(place), __volume="999", input_datasetIds="1 2 3"))
    parameters = at(ground, place).parameters
    assert parameters["__volume"] == "0"
    assert "input_datasetIds" not in parameters


def test_a_misspelt_name_is_stored_under_the_right_one(ground: Ground, place: str) -> None:
    ground.apply(having(message(place), MXAutoprocIntegrationScaling_overall_cc_ano="0.5"))
    assert at(ground, place).parameters["MXAutoprocIntegrationScaling_overall_ccAno"] == "0.5"


def test_unknown_names_can_be_put_aside_instead(template: Path, tmp_path: Path, place: str) -> None:
    with fresh_ground(template, tmp_path / "aside", unknown_parameters="quarantine") as ground:
        done = ground.apply(having(message(place), nobody_defined_this="x"))
        assert "nobody_defined_this" not in at(ground, place).parameters
        assert done.warnings
        with ground.store.read() as connection:
            assert connection.execute(select(dataset_aside.c.value)).scalars().all() == ["x"]


def test_only_so_many_new_names_are_made_in_a_day(template: Path, tmp_path: Path, place: str) -> None:
    with fresh_ground(template, tmp_path / "many", max_new_parameter_types_per_day=2) as ground:
        done = ground.apply(having(message(place), new_a="1", new_b="2", new_c="3"))
        made = {"new_a", "new_b", "new_c"} & at(ground, place).parameters.keys()
        assert len(made) == 2
        assert any("too many new names today" in warning for warning in done.warnings)


# ------------------------------------------------------------------------------------------------ names and places


def test_equal_names_in_one_session_get_made_up_ones_that_last(ground: Ground, place: str) -> None:
    locations = [f"{place}/{number}/same" for number in range(3)]
    for location in locations:
        ground.apply(message(location))
    names = [at(ground, location).name for location in locations]
    assert len(set(names)) == 3
    assert names[0] == "same"
    assert all(name.startswith("same ~") for name in names[1:])
    for location in locations:
        ground.apply(message(location, end=NOON + timedelta(hours=1)))
    assert [at(ground, location).name for location in locations] == names
    assert all(at(ground, location).parameters["datasetName"] == "same" for location in locations)


def test_the_folder_is_the_second_candidate_for_a_name(ground: Ground, place: str) -> None:
    ground.apply(message(f"{place}/a_0001", name="0001x"))
    ground.apply(message(f"{place}/b_0001", name="0001x"))
    assert at(ground, f"{place}/b_0001").name == "b_0001"


def test_a_location_longer_than_the_column_is_found_again(ground: Ground, place: str) -> None:
    long = f"{place}/{'x' * 200}/{'y' * 100}"
    first = ground.apply(message(long))
    second = ground.apply(message(long, end=NOON + timedelta(hours=1)))
    assert first.dataset_id == second.dataset_id
    found = next(d for d in take(ground.session).datasets.values() if d.id == first.dataset_id)
    assert len(found.location) == 255
    assert found.parameters["location"] == long


def test_another_sample_moves_the_dataset_and_leaves_the_old_sample(ground: Ground, place: str) -> None:
    ground.apply(message(place, sample=SampleMessage("first sample")))
    ground.apply(message(place, sample=SampleMessage("second sample"), end=NOON + timedelta(hours=1)))
    snapshot = take(ground.session)
    assert snapshot.datasets[place].sample == "second sample"
    assert "first sample" in {name for _, name in snapshot.samples}


def test_a_dataset_without_sample_gets_that_of_its_collection(ground: Ground, place: str) -> None:
    ground.apply(message(place))
    assert at(ground, place).sample == "wire"


def test_the_instrument_that_measured_is_linked(ground: Ground, place: str) -> None:
    ground.apply(having(message(place), actualInstrument="id31"))
    assert at(ground, place).instruments == ["ID31"]
    ground.apply(having(message(place, end=NOON + timedelta(hours=1)), actualInstrument="id11"))
    assert at(ground, place).instruments == ["ID11"]


def test_techniques_follow_the_winning_message(ground: Ground, place: str) -> None:
    esrfet = "https://w3id.org/PaN/ESRFET#"
    ground.apply(having(message(place), technique_pid=f"{esrfet}XRD {esrfet}XRF http://purl.org/pan-science/ESRFET#MX"))
    assert at(ground, place).techniques == [f"{esrfet}XRD", f"{esrfet}XRF", f"{esrfet}MX"]
    ground.apply(having(message(place, end=NOON + timedelta(hours=1)), technique_pid=f"{esrfet}XRF"))
    assert at(ground, place).techniques == [f"{esrfet}XRF"]


def test_a_word_of_the_definition_can_be_mapped_to_a_technique(template: Path, tmp_path: Path, place: str) -> None:
    mapped = {"TOMO": "https://w3id.org/PaN/ESRFET#XRCT"}
    with fresh_ground(template, tmp_path / "mapped", definition_techniques=mapped) as ground:
        ground.apply(having(message(place), definition="TOMO"))
        assert at(ground, place).techniques == [mapped["TOMO"]]


# -------------------------------------------------------------------------------------------------------- sessions


def test_an_unknown_instrument_is_waited_for(ground: Ground, place: str) -> None:
    with pytest.raises(NotYet) as later:
        ground.apply(message(place, beamline="id99z"))
    assert (later.value.reason, later.value.give_up_after_seconds, later.value.pause_seconds) == (
        "instrument",
        3600,
        600,
    )


def test_without_leave_to_make_sessions_an_unknown_proposal_is_waited_for(template: Path, tmp_path: Path) -> None:
    with fresh_ground(template, tmp_path / "strict", create_sessions=False) as ground:
        one = message("/data/visitor/zz1/id11/20250310/RAW_DATA/a/a_1", proposal="zz1")
        with pytest.raises(NotYet) as later:
            ground.apply(one)
        assert (later.value.reason, later.value.give_up_after_seconds) == ("session", 24 * 3600)
        assert "create_sessions" in later.value.text


def test_an_own_session_is_moved_back_by_an_earlier_message(ground: Ground) -> None:
    late = ground.apply(InvestigationMessage("blc1", "id31", NOON))
    early = ground.apply(InvestigationMessage("BLC-1", "ID31", NOON - timedelta(days=30)))
    assert early.investigation_id == late.investigation_id
    rows = ground.session.rows(Select("Investigation", ["startDate"], where=Eq("id", late.investigation_id or 0)))
    assert rows == [(NOON - timedelta(days=30),)]


def test_a_session_that_an_operator_has_closed_is_left_alone(ground: Ground) -> None:
    first = ground.apply(InvestigationMessage("blc2", "id31", NOON))
    closed = Change("Investigation", first.investigation_id or 0, {"endDate": NOON + timedelta(days=1)})
    ground.session.write([closed])
    second = ground.apply(InvestigationMessage("blc2", "id31", NOON + timedelta(days=60)))
    assert second.investigation_id != first.investigation_id


def test_a_rescheduled_session_says_when_it_really_takes_place(ground: Ground) -> None:
    number = ground.numbers[700002]
    ground.apply(InvestigationMessage("", "", NOON, number))
    before = changes(ground.session)
    ground.apply(InvestigationMessage("", "", NOON, number))
    assert changes(ground.session) == before
    label = next(k for k in take(ground.session).sums if k.startswith("MX-4321|"))
    values = take(ground.session).sums[label]
    assert values["actualStartDate"] == NOON.isoformat()
    assert values["actualEndDate"] == (NOON + timedelta(days=1)).isoformat()
    with pytest.raises(Refused):
        ground.apply(InvestigationMessage("", "", NOON, 987654))


# -------------------------------------------------------------------------------------------------- interruptions


def test_a_run_killed_after_the_catalogue_was_written_is_completed_by_the_next(ground: Ground, place: str) -> None:
    made = processed(f"{place}_made", place)
    ground.apply(message(place))
    with patch.object(Registration, "remember_in", side_effect=KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
        ground.apply(made)
    done = ground.apply(made)
    snapshot = take(ground.session)
    assert snapshot.datasets[made.location].id == done.dataset_id
    assert snapshot.locations(snapshot.datasets[made.location].parameters["input_datasetIds"]) == [place]


def test_a_run_killed_before_the_links_is_completed_by_the_next(ground: Ground, place: str) -> None:
    made = processed(f"{place}_made", place)
    ground.apply(message(place))
    links = ground.consumer.links
    with patch.object(links, "arrive", side_effect=KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
        ground.apply(made)
    ground.apply(made)
    assert made.location in take(ground.session).locations(at(ground, place).parameters["output_datasetIds"])


def test_a_run_killed_in_the_middle_of_the_links_is_completed_by_recovery(ground: Ground, place: str) -> None:
    made = processed(f"{place}_made", place)
    ground.apply(message(place))
    with (
        patch("drac_plugins.core.links.provenance.bring_in_line", side_effect=CatalogueUnavailable("gone")),
        pytest.raises(CatalogueUnavailable),
    ):
        ground.apply(made)
    assert not [job for job in take(ground.session).jobs if made.location in job.outputs]
    assert ground.consumer.recover() >= 1
    assert [job for job in take(ground.session).jobs if made.location in job.outputs]


def test_a_dataset_is_found_by_its_location_when_our_store_was_lost(template: Path, tmp_path: Path, place: str) -> None:
    with fresh_ground(template, tmp_path / "lost") as ground:
        first = ground.apply(message(place))
        with ground.store.begin() as connection:
            for table in (dataset_location, dataset_link, dataset_origin):
                connection.execute(delete(table))
        assert ground.apply(message(place)).dataset_id == first.dataset_id


# ------------------------------------------------------------------------------------------------------ plan, cost


def test_a_plan_reads_as_a_short_list(ground: Ground, place: str) -> None:
    one = having(message(place), scanType="fly")
    assert str(ground.consumer.plan(one, NOON, 1)).startswith("create acquisition dataset ")
    ground.apply(one)
    ground.arrivals += 1
    again = ground.consumer.plan(one, NOON + timedelta(days=200), 99)
    assert str(again) == "nothing to do"
    changed = having(message(place, end=NOON + timedelta(hours=1)), scanType="step")
    lines = str(ground.consumer.plan(changed, NOON, 2)).splitlines()
    assert "set endDate of the dataset" in lines
    assert "set scanType = 'step'" in lines


@pytest.mark.parametrize("parameters", [5, 60])
def test_a_raw_dataset_costs_few_calls_however_many_parameters_it_has(
    ground: Ground, place: str, parameters: int
) -> None:
    values = {f"MX_{n:03d}": str(n) for n in range(parameters)}
    ground.apply(having(message(f"{place}_first"), **values))
    with ground.catalogue.counting() as counted:
        ground.apply(having(message(place), **values))
    assert counted.calls <= 4


def test_a_result_costs_few_calls_however_many_inputs_it_has(ground: Ground, place: str) -> None:
    inputs = [f"{place}_{number}" for number in range(12)]
    for location in inputs:
        ground.apply(message(location))
    ground.apply(processed(f"{place}_first", inputs[0]))
    with ground.catalogue.counting() as counted:
        ground.apply(processed(f"{place}_all", *inputs))
    assert counted.calls <= 9


def test_datasets_that_were_there_before_us_are_known(template: Path, tmp_path: Path, place: str) -> None:
    with fresh_ground(template, tmp_path / "before") as ground:
        raw = ground.apply(message(place))
        ground.apply(processed(f"{place}_made", place, f"{place}_late"))
        ground.session.write([Change("Dataset", raw.dataset_id or 0, {"name": "as another ingester called it"})])
        with ground.store.begin() as connection:
            for table in (dataset_location, dataset_link, dataset_origin):
                connection.execute(delete(table))
        newcomer = Consumer(ground.settings, ground.session, ground.store)
        assert newcomer.apply(message(place), NOON, 1).dataset_id == raw.dataset_id
        newcomer.apply(message(f"{place}_late"), NOON, 2)
        inputs = at(ground, f"{place}_made").parameters["input_datasetIds"]
        assert take(ground.session).locations(inputs) == [place, f"{place}_late"]
