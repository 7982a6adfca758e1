"""What the facility says about itself: the Facility of the catalogue, completed by settings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import Field

from drac_plugins.core.services import Services
from drac_plugins.core.settings import Section
from icat_schema.gateway import Select


class Ontology(Section):
    name: str
    uri: str
    applies_to: tuple[str, ...] = ()


class FacilitiesSettings(Section):
    """The table `[plugin.facilities]`."""

    ontologies: tuple[Ontology, ...] = Field(
        (
            Ontology(name="ESRFET", uri="https://w3id.org/PaN/ESRFET", applies_to=("techniques",)),
            Ontology(name="PaNET", uri="http://purl.org/pan-science/PaNET/PaNET.owl", applies_to=("techniques",)),
        ),
        description="vocabularies used for annotation",
    )


@dataclass(frozen=True, slots=True)
class FacilityRecord:
    name: str
    full_name: str | None
    url: str | None
    description: str | None
    ontologies: Sequence[Ontology]


def facilities(services: Services) -> Sequence[FacilityRecord]:
    """Every Facility that everybody may see; where the catalogue shows none, the one of the settings by name alone."""
    settings = services.settings_of("facilities", FacilitiesSettings)
    rows = services.reader.rows(Select("Facility", ["name", "fullName", "url", "description"]))
    known = rows or [(services.settings.facility.name, None, None, None)]
    return [FacilityRecord(name, full, url, text, settings.ontologies) for name, full, url, text in known]
