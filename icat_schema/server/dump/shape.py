"""How python-icat divides a catalogue: which objects are in which chunk, and which are embedded in others.

A chunk is what its reader takes at once; keys that are made up hold within one chunk. Everything comes after what it
refers to.
"""

from __future__ import annotations

AUTHORIZATION = ("User", "Grouping", "Rule", "PublicStep")
STATIC = (
    "Technique",
    "Facility",
    "Instrument",
    "ParameterType",
    "DataPublicationType",
    "InvestigationType",
    "SampleType",
    "DatasetType",
    "DatafileFormat",
    "FacilityCycle",
    "Application",
)
FUNDING = ("FundingReference",)
INVESTIGATION = ("Investigation", "Sample", "Dataset", "Datafile")
"""One chunk per investigation."""
COLLECTIONS = ("DataCollection",)
PUBLICATION = ("DataPublication", "DataPublicationUser")
"""One chunk per publication."""
OTHERS = ("Study", "RelatedDatafile", "Job")

ORDER = (*AUTHORIZATION, *STATIC, *FUNDING, *INVESTIGATION, *COLLECTIONS, *PUBLICATION, *OTHERS)
"""Every entity that is not only embedded, after all that it refers to but samples of other investigations."""

EMBEDDED: dict[str, tuple[str, ...]] = {
    "Grouping": ("userGroups",),
    "Instrument": ("instrumentScientists",),
    "ParameterType": ("permissibleStringValues",),
    "Investigation": (
        "fundingReferences",
        "investigationFacilityCycles",
        "investigationGroups",
        "investigationInstruments",
        "investigationUsers",
        "keywords",
        "parameters",
        "publications",
        "shifts",
    ),
    "Sample": ("parameters",),
    "Dataset": ("datasetInstruments", "datasetTechniques", "parameters"),
    "Datafile": ("parameters",),
    "DataCollection": (
        "dataCollectionDatafiles",
        "dataCollectionDatasets",
        "dataCollectionInvestigations",
        "parameters",
    ),
    "DataPublication": ("dates", "fundingReferences", "relatedItems"),
    "DataPublicationUser": ("affiliations",),
    "Study": ("studyInvestigations",),
}
"""The to-many relations whose objects are written inside their owner."""
