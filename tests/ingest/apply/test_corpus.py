"""What every message of the corpus leaves in the catalogue, row by row of messages/index.md."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from lxml import etree

from drac_plugins.core.links.lists import read_ids
from tests.ingest.apply.corpus import APPLIED, REFUSED
from tests.ingest.apply.ground import INVESTIGATIONS, MESSAGES, PARIS
from tests.ingest.apply.snapshot import Dataset, Job, Snapshot

RUBY = "ma1234/id11/20250310/RAW_DATA/ruby"
D10, D11, D27 = "/RAW_DATA/calib/calib_0001", f"{RUBY}/ruby_0002", f"{RUBY}/ruby_0005"
D12, D13 = "/RAW_DATA/LYSO/LYSO-x01/run_01_01_datacollection", "/run_01_02_characterisation"
D20, D23, D46 = "/RAW_DATA/pigment/pigment_0007", "/RAW_DATA/battery/battery_0001", "/RAW_DATA/battery/battery_0009"
D16 = "/RAW_DATA/LADAF-INV-9_heart/LADAF-INV-9_heart_complete-organ_0001"
D40, D41 = "/ruby/ruby_0002/integrate", "/calib/calib_0001/integrate"
D42, D43, D44 = "/ruby/merge_0002_0005", "/ruby/ruby_0002/refine", "/PROCESSED_DATA/ruby/correlate"
D45, D47, D48 = "/battery_0009/pdf", "/drac_task/20250313_101500", "/battery_0001/bg"
D49, D52 = "/autoprocessing/autoPROC", f"{D16.rsplit('/', 1)[1]}/volume"
D54, D55, D60 = "/pigment_0007/xrf_fit", "/ruby_0002/sum_demo", f"{RUBY}/ruby_0006"
D61, D65 = "/RAW_DATA/THAU/run1", "/THAU/run1/xds"


def body(name: str) -> etree._Element:
    return etree.fromstring(min(MESSAGES.glob(f"{name}-*.xml")).read_bytes())


def text(root: etree._Element, element: str) -> str | None:
    found = root.find(f"{{*}}{element}")
    return None if found is None else (found.text or "")


def paris(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=PARIS).astimezone(UTC)  # type: ignore[arg-type, misc]


def job_of(snapshot: Snapshot, dataset: Dataset) -> Job:
    found = [job for job in snapshot.jobs if dataset.location in job.outputs]
    assert len(found) == 1
    return found[0]


def inputs_of(snapshot: Snapshot, dataset: Dataset) -> list[str]:
    listed = snapshot.locations(dataset.parameters.get("input_datasetIds"))
    assert set(listed) == set(job_of(snapshot, dataset).inputs), "parameters and Job disagree"
    return listed


def outputs_of(snapshot: Snapshot, dataset: Dataset) -> set[str]:
    return set(snapshot.locations(dataset.parameters.get("output_datasetIds")))


# --------------------------------------------------------------------------------------- common to every dataset

DATASETS = [n for n in APPLIED if etree.QName(body(n)).localname == "dataset"]
NUMBERS = {number: name for name, _, _, _, number in INVESTIGATIONS}
OVERRULED = {"13", "49", "51", "61"}
"""Messages that another one about the same dataset wins over."""


@pytest.mark.parametrize("name", DATASETS)
def test_every_dataset_message_leaves_one_dataset_with_its_values(name: str, straight: Snapshot) -> None:
    root = body(name)
    location = re.sub("/+$", "", text(root, "location") or "")
    dataset = straight.datasets[location]
    if name in OVERRULED:
        return
    parameters = [(text(p, "name") or "", text(p, "value") or "") for p in root.findall("{*}parameter")]
    for parameter, value in parameters:
        if parameter == "input_datasets" and name in ("48", "53"):
            continue  # repaired, and cut: see their own tests
        if parameter == "investigationId":
            assert straight.investigations[int(dataset.parameters[parameter])][0] == NUMBERS[int(value)]
            continue
        assert dataset.parameters.get(parameter, "") == value, parameter
    for parameter, element in (
        ("datasetName", "name"),
        ("location", "location"),
        ("proposal", "investigation"),
        ("beamlineID", "instrument"),
    ):
        assert dataset.parameters[parameter] == re.sub("/+$", "", text(root, element) or "")
    assert dataset.parameters["complete"] == root.get("complete")
    assert dataset.complete == (root.get("complete") == "true")
    assert dataset.sample == (root.findtext("{*}sample/{*}name") or dataset.sample)
    assert len(dataset.instruments) == 1
    assert {"__fileCount", "__volume", "__elapsedTime"} <= dataset.parameters.keys()
    assert ("input_datasets" in dict(parameters)) == (dataset.type == "processed")
    pids = dict(parameters).get("technique_pid", "").split()
    if pids:
        assert sorted(dataset.techniques) == sorted(set(pids))


@pytest.mark.parametrize("name", DATASETS)
def test_start_and_end_are_the_same_instants(name: str, straight: Snapshot) -> None:
    root = body(name)
    dataset = straight.datasets[re.sub("/+$", "", text(root, "location") or "")]
    if name in OVERRULED:
        return
    for element, moment in (("startDate", dataset.start), ("endDate", dataset.end)):
        sent = datetime.fromisoformat((text(root, element) or "").strip())
        expected = sent if sent.tzinfo else sent.replace(tzinfo=PARIS)
        assert abs((moment - expected).total_seconds()) < 1, "catalogues cut fractions of seconds"


def test_every_dataset_is_in_the_investigation_of_its_proposal(straight: Snapshot) -> None:
    for dataset in straight.datasets.values():
        proposal = dataset.investigation.split("|")[0]
        assert proposal.replace("-", "").casefold() == dataset.parameters["proposal"].casefold()


def test_names_are_unique_within_an_investigation(straight: Snapshot) -> None:
    names = [(d.investigation, d.name) for d in straight.datasets.values()]
    assert len(set(names)) == len(names)


# ------------------------------------------------------------------------------------------------------- sessions


def test_01_03_62_64_67_26_make_no_session_and_02_makes_one(straight: Snapshot) -> None:
    made = [row for row in straight.investigations.values() if row[0] not in {i[0] for i in INVESTIGATIONS}]
    assert len(straight.investigations) == len(INVESTIGATIONS) + 1
    name, _, title, start, end, instruments = made[0]
    assert name == "BLC-99999"
    assert title == "BLC-99999 ID31 (not in the user office)"
    assert abs((start - paris(2025, 3, 14, 18, 5, 6, 789000)).total_seconds()) < 1
    assert end is None
    assert instruments == ["ID31"]
    assert straight.at("/test/test_0001").investigation.startswith("BLC-99999|")


def test_the_given_sessions_are_not_touched(straight: Snapshot) -> None:
    for name, instrument, start, end, _ in INVESTIGATIONS:
        row = next(r for r in straight.investigations.values() if r[0] == name)
        moments = tuple(datetime.fromisoformat(f"{t}:00").replace(tzinfo=PARIS) for t in (start, end))
        assert row[3:5] == moments
        assert row[5] == [instrument]


# ------------------------------------------------------------------------------------------------------- raw data


def test_10_is_five_minutes_long_and_has_no_technique(straight: Snapshot) -> None:
    dataset = straight.at(D10)
    assert dataset.type == "acquisition"
    assert dataset.sample == "calib"
    assert dataset.parameters["__elapsedTime"] == "300000"
    assert dataset.techniques == []


def test_11_has_two_techniques_and_paired_lists(straight: Snapshot) -> None:
    dataset = straight.at(D11)
    assert {pid.rsplit("#", 1)[1] for pid in dataset.techniques} == {"XRD", "XRF"}
    names, values = (dataset.parameters[f"InstrumentPositioners_{part}"].split(" ") for part in ("name", "value"))
    assert len(names) == len(values)


def test_12_writes_no_empty_value_and_keeps_its_gallery_paths(straight: Snapshot) -> None:
    dataset = straight.at(D12)
    assert dataset.investigation.startswith("MX-4321|")
    assert "MX_kappa_settings_id" not in dataset.parameters
    assert dataset.parameters["ResourcesGalleryFilePaths"].count(",") == 1
    assert "ResourcesGallery" not in dataset.parameters, "there are no pictures on this host"


def test_13_and_14_are_one_complete_dataset(straight: Snapshot) -> None:
    dataset = straight.at(D13)
    assert dataset.complete is True
    assert dataset.end == paris(2025, 3, 12, 9, 20, 35)
    assert dataset.parameters["MX_numberOfImages"] == "4"
    assert dataset.parameters["MX_oscillationStart"] == "90.0"
    assert dataset.parameters["complete"] == "true"


def test_15_and_19_keep_names_that_nobody_defined(straight: Snapshot) -> None:
    foil = next(d for d in straight.datasets.values() if "monoStripe" in d.parameters)
    assert {"energyBandwidth", "detector_id", "experiment_type"} <= foil.parameters.keys()
    assert foil.parameters["MX_exposureTime"] == "9e-05"
    assert any("EM_directory" in d.parameters for d in straight.datasets.values())


def test_16_keeps_text_in_a_number_and_has_no_technique(straight: Snapshot) -> None:
    dataset = straight.at(D16)
    assert dataset.parameters["SamplePatient_number"] == "INV-9"
    assert dataset.parameters["TOMOAcquisition_random_motion_range"] == "1.0,2.0"
    assert dataset.techniques == []


def test_17_keeps_both_kinds_of_lists(straight: Snapshot) -> None:
    found = next(d for d in straight.datasets.values() if "HOLO_sample_detector_distances" in d.parameters)
    assert "," in found.parameters["HOLO_sample_detector_distances"]
    assert " " in found.parameters["InstrumentBeam_incident_energy"]


def test_20_keeps_semicolons_and_floats(straight: Snapshot) -> None:
    dataset = straight.at(D20)
    assert ";" in dataset.parameters["DOI_users"]
    assert "," in dataset.parameters["Sample_subject"]
    assert "200.0" in dataset.parameters.values()


def test_21_has_none_of_the_old_names(straight: Snapshot) -> None:
    old = {"SamplePaleo_scientific_domain", "SamplePaleo_repository_institution", "SamplePaleo_collection_number"}
    assert not any(old & d.parameters.keys() for d in straight.datasets.values())


def test_22_leaves_an_empty_column_type_out(straight: Snapshot) -> None:
    found = next(d for d in straight.datasets.values() if d.investigation.startswith("MX-2500|"))
    assert "SAXS_column_type" not in found.parameters


def test_23_and_24_do_not_overlap(straight: Snapshot) -> None:
    naive = straight.at(D23)
    assert naive.start == datetime(2025, 3, 1, 9, tzinfo=UTC)
    utc = next(d for d in straight.datasets.values() if d.start == datetime(2025, 3, 1, 12, tzinfo=UTC))
    assert utc.start >= naive.end or utc.end <= naive.start


def test_25_keeps_signs_blanks_and_tabs(straight: Snapshot) -> None:
    dataset = next(d for d in straight.datasets.values() if "line oneline two" in str(d.parameters.values()))
    assert dataset.sample is not None
    for sign in '<&"\u00b5\u03bc':
        assert sign in dataset.sample
    assert any("\u4e00" <= sign <= "\u9fff" for sign in dataset.sample)
    assert "Sample_description" not in dataset.parameters
    assert any("\t" in value for value in dataset.parameters.values())
    assert any(value != value.strip() for value in dataset.parameters.values())
    assert not dataset.parameters["InstrumentCryostat01_value"].replace(".", "").isdigit()


def test_27_is_named_0005(straight: Snapshot) -> None:
    assert straight.at(D27).name == "0005"


def test_28_has_nanometres(straight: Snapshot) -> None:
    assert any(d.parameters.get("HOLO_pixel_size") == "25.0" for d in straight.datasets.values())


# -------------------------------------------------------------------------------------------------------- results


def test_40_is_linked_in_both_forms(straight: Snapshot) -> None:
    made, raw = straight.at(D40), straight.at(D11)
    assert inputs_of(straight, made) == [raw.location]
    assert made.location in outputs_of(straight, raw)
    job = job_of(straight, made)
    assert job.application == ("integrator", "3.2.1")
    assert job.inputs == frozenset({raw.location})
    assert job.outputs == frozenset({made.location})


def test_41_has_a_name_of_its_own(straight: Snapshot) -> None:
    made = straight.at(D41)
    assert made.parameters["datasetName"] == "integrate"
    assert {made.name, straight.at(D40).name} == {"integrate", "integrate ~" + made.name[-8:]}
    assert job_of(straight, made).application == ("unknown", "unknown")


def test_42_has_three_inputs_in_order(straight: Snapshot) -> None:
    made = straight.at(D42)
    inputs = [straight.at(end) for end in (D11, D27, D10)]
    assert inputs_of(straight, made) == [d.location for d in inputs]
    assert all(made.location in outputs_of(straight, d) for d in inputs)


def test_43_is_the_end_of_a_chain(straight: Snapshot) -> None:
    made, raw = straight.at(D43), straight.at(D11)
    assert inputs_of(straight, made) == [straight.at(D40).location]
    full = straight.locations(made.parameters["__full_input_datasetIds"])
    assert full == [straight.at(D40).location, raw.location]
    below = straight.locations(raw.parameters["__full_output_datasetIds"])
    assert {straight.at(D40).location, made.location} <= set(below)
    assert made.location not in outputs_of(straight, raw)


def test_44_has_inputs_in_two_investigations(straight: Snapshot) -> None:
    made, far = straight.at(D44), straight.at(D20)
    assert inputs_of(straight, made) == [straight.at(D11).location, far.location]
    assert made.location in outputs_of(straight, far)


def test_45_and_46_find_each_other(straight: Snapshot) -> None:
    made, raw = straight.at(D45), straight.at(D46)
    assert inputs_of(straight, made) == [raw.location]
    assert outputs_of(straight, raw) == {made.location}


def test_47_is_processed_although_sent_as_raw(straight: Snapshot) -> None:
    made = straight.at(D47)
    assert made.type == "processed"
    assert made.investigation.startswith("MX-4321|")
    assert inputs_of(straight, made) == [straight.at(D12).location]


def test_48_is_repaired(straight: Snapshot) -> None:
    made, raw = straight.at(D48), straight.at(D23)
    assert inputs_of(straight, made) == [raw.location]
    assert made.parameters["input_datasets"] == raw.location


def test_49_50_51_are_one_dataset_with_the_values_of_50(straight: Snapshot) -> None:
    made = straight.at(D49)
    assert made.parameters["MXAutoprocIntegration_space_group"] == "P 41 21 2"
    assert made.parameters["Process_note"] == "rerun"
    assert made.parameters["Process_sequence_index"] == "3"
    assert made.end == paris(2025, 3, 12, 10, 30)


def test_52_follows_the_input_whose_mount_prefix_was_cut(straight: Snapshot) -> None:
    assert inputs_of(straight, straight.at(D52)) == [straight.at(D16).location]


def test_53_is_cut_in_the_parameter_and_marked(straight: Snapshot) -> None:
    sent = {text(p, "name"): text(p, "value") or "" for p in body("53").findall("{*}parameter")}["input_datasets"]
    made = straight.datasets[text(body("53"), "location") or ""]
    kept = made.parameters["input_datasets"]
    assert len(kept) <= 4000
    assert kept.split(",") == sent.split(",")[: kept.count(",") + 1]
    assert "input_datasets" in made.parameters["__truncated"].split()
    assert job_of(straight, made).inputs == set(), "none of its 200 inputs is here"


def test_54_means_the_dataset_around_the_file_and_says_so(straight: Snapshot) -> None:
    made, raw = straight.at(D54), straight.at(D20)
    assert inputs_of(straight, made) == [raw.location]
    assert f"processing-inferred: {raw.location}" in job_of(straight, made).marks


def test_55_lands_in_the_session_of_its_input(straight: Snapshot) -> None:
    made = straight.at(D55)
    assert made.investigation.startswith("MA-1234|")
    assert inputs_of(straight, made) == [straight.at(D11).location]


def test_60_has_its_listed_files(straight: Snapshot) -> None:
    dataset = straight.at(D60)
    assert dataset.complete is False
    assert dataset.description == "listed files"
    assert dataset.files["ruby_0006.h5"] == (f"{dataset.location}/ruby_0006.h5", 1048576)
    assert dataset.files["scan0001/eiger_0000.h5"] == (f"{dataset.location}/scan0001/eiger_0000.h5", 2147483648000)
    assert "notes.txt" in dataset.files
    assert dataset.parameters["__fileCount"] == "3"
    assert dataset.parameters["__volume"] == str(1048576 + 2147483648000)
    assert straight.samples[dataset.investigation, "ruby"]["SampleCatalog_id"] == "A-1"


def test_61_and_63_are_one_dataset_with_the_values_of_63(straight: Snapshot) -> None:
    dataset = straight.at(D61)
    assert dataset.end == datetime(2023, 5, 1, 9, 1, tzinfo=UTC)
    assert dataset.parameters["software"] == "pyicat-plus_v1.1.1"
    assert dataset.parameters["nested"] == "a,b c,d"
    assert dataset.instruments == ["ID30B"]


def test_65_is_processed_from_61(straight: Snapshot) -> None:
    made = straight.at(D65)
    assert made.type == "processed"
    assert inputs_of(straight, made) == [straight.at(D61).location]


# -------------------------------------------------------------------------------------------------------- the rest


def test_refused_messages_leave_nothing(straight: Snapshot) -> None:
    expected = {re.sub("/+$", "", text(body(n), "location") or "") for n in DATASETS}
    assert straight.datasets.keys() == expected
    assert set(REFUSED.values()) == {"schema", "xml"}


def test_every_processed_dataset_has_one_job_and_nothing_else_has(straight: Snapshot) -> None:
    made = {d.location for d in straight.datasets.values() if d.type == "processed"}
    assert sorted(location for job in straight.jobs for location in job.outputs) == sorted(made)


def test_links_agree_in_both_directions(straight: Snapshot) -> None:
    by_id = {d.id: d for d in straight.datasets.values()}
    for dataset in by_id.values():
        for ids, back in (
            ("input_datasetIds", "output_datasetIds"),
            ("__full_input_datasetIds", "__full_output_datasetIds"),
        ):
            for other in read_ids(dataset.parameters.get(ids)):
                assert dataset.id in read_ids(by_id[other].parameters[back])


def test_sums_of_sessions_and_samples(straight: Snapshot) -> None:
    label = next(k for k in straight.sums if k.startswith("MA-1234|"))
    mine = [d for d in straight.datasets.values() if d.investigation == label]
    sums = straight.sums[label]
    assert sums["__datasetCount"] == str(len(mine))
    assert sums["__processedDatasetCount"] == str(sum(d.type == "processed" for d in mine))
    assert sums["__volume"] == str(sum(int(d.parameters["__volume"]) for d in mine))
    assert sums["__sampleCount"] == str(len({d.sample for d in mine}))
    ruby = straight.samples[label, "ruby"]
    assert ruby["__datasetCount"] == str(sum(d.sample == "ruby" for d in mine))
    assert ruby["__fileCount"] == "3"
