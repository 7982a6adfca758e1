"""The vocabulary says what the definitions package says, and what catalogues hold besides."""

from __future__ import annotations

import re
from typing import Any

import pytest
from icat_esrf_definitions.models import IcatDatasetParameters

from icat_schema.parameters import ParameterDefinition, read_additions, vocabulary

_ATTRIBUTES_OF_A_FIELD = {"saxs_definition.version"}
"""Stored as an HDF5 attribute; the template writes it as an element, so its path reads differently there."""


def _official() -> dict[str, Any]:
    return dict(IcatDatasetParameters.icat_fields())


def test_every_parameter_of_the_package_is_known_and_no_other_is_claimed_to_be_from_it() -> None:
    ours = {d.name for d in vocabulary() if d.origin == "icat-esrf-definitions"}
    assert ours == set(_official())


@pytest.mark.parametrize("aspect", ["units", "deprecated", "replaced_by", "nexus_path"])
def test_the_fast_reading_agrees_with_the_models_of_the_package(aspect: str) -> None:
    for name, field in _official().items():
        definition = vocabulary().get(name)
        assert definition is not None
        official = {
            "units": str(field.unit_info) if field.unit_info else None,
            "deprecated": field.deprecated,
            "replaced_by": field.new_icat_name,
            "nexus_path": field.nexus_name,
        }
        if aspect == "nexus_path" and name in _ATTRIBUTES_OF_A_FIELD:
            continue
        assert getattr(definition, aspect) == official[aspect], name


def test_every_list_of_the_package_has_its_separator() -> None:
    for name, field in _official().items():
        declared = re.search(r"SeparatedListMeta\('(.)'\)", str(field.annotation))
        if declared:
            definition = vocabulary().get(name)
            assert definition is not None
            assert definition.separator == declared[1], name


def test_kinds_follow_the_nexus_types() -> None:
    kinds = {"NX_CHAR": "text", "NX_INT": "integer", "NX_FLOAT": "number", "NX_NUMBER": "number"}
    kinds |= {"NX_BOOLEAN": "boolean", "NX_DATE_TIME": "date"}
    for name, field in _official().items():
        definition = vocabulary().get(name)
        assert definition is not None
        assert definition.kind == kinds[field.nexus_type], name


def test_a_renamed_parameter_leads_to_its_successor() -> None:
    assert vocabulary().successor("MX_crystalPositionName") == "MX_positionName"
    assert vocabulary().successor("TOMO_pixelSize") == "TOMOAcquisition_sample_pixel_size"
    assert vocabulary().successor("EM_voltage") == "EM_voltage"
    assert vocabulary().successor("never_heard_of") == "never_heard_of"


def test_every_successor_is_itself_defined_and_current() -> None:
    for old, new in vocabulary().renames.items():
        definition = vocabulary().get(new)
        assert definition is not None, old
        assert definition.deprecated is None, old


def test_what_the_ingester_computes_is_known() -> None:
    for name in ("__fileCount", "__volume", "__elapsedTime", "output_datasetIds", "ResourcesGallery"):
        definition = vocabulary().get(name)
        assert definition is not None
        assert definition.origin == "computed"


def test_a_facility_adds_parameters_without_touching_the_package() -> None:
    added = read_additions("conf/parameters/new.yaml", "NEWTECH_gap: {kind: number, units: mm, description: Gap}")
    wider = vocabulary().extended(added, "abc")
    assert wider.get("NEWTECH_gap") == ParameterDefinition(
        "NEWTECH_gap", "number", "mm", "Gap", origin="conf/parameters/new.yaml"
    )
    assert "NEWTECH_gap" not in vocabulary()
    assert wider.version != vocabulary().version


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("- a", "expected a mapping"),
        ("A: [1]", "'A'"),
        ("A: {kind: colour}", "kind must be one of"),
        ("A: {unit: mm}", "units"),
        ("A: {units: 3}", "units must be text"),
        ("A: {kind: [", "not valid YAML"),
    ],
)
def test_a_wrong_parameter_file_is_refused_with_its_name(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=r"facility\.yaml") as refused:
        read_additions("facility.yaml", text)
    assert complaint in str(refused.value)


def test_values_before_and_after_a_renaming_belong_together_unless_the_unit_changed() -> None:
    known = vocabulary()
    assert known.namesakes("mx_crystalpositionname") == {"MX_crystalPositionName", "MX_positionName"}
    assert "TOMO_pixelSize" in known.namesakes("TOMOAcquisition_sample_pixel_size")
    assert known.namesakes("HOLO_pixel_size") == {"HOLO_pixel_size"}, "the old one is in micrometres"
    assert known.namesakes("nobody_knows") == {"nobody_knows"}
