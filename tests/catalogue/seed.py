"""A small facility with raw and processed data, written through the gateway as root."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from drac_plugins.demo import facility
from icat_schema.gateway import New, Ref, Select, Session

APPLE_START = datetime(2031, 5, 6, 7, 0, tzinfo=UTC)
ESRFET = "https://w3id.org/PaN/ESRFET#"


@dataclass
class Seeder:
    """Creates objects and remembers their ids by name."""

    session: Session
    ids: dict[str, dict[str, int]] = field(default_factory=dict)

    def id(self, entity: str, name: str) -> int:
        known = self.ids.setdefault(entity, {})
        if name not in known:
            known.update(dict(self.session.rows(Select(entity, ["name", "id"]))))
        return known[name]

    def parameter_types(self, names: Iterable[str], value_type: str = "STRING", units: str = "NA") -> None:
        applicable = {
            f"applicableTo{owner}": True for owner in ("Dataset", "Sample", "Investigation", "DataCollection")
        }
        home = Ref(self.id("Facility", "ESRF"))
        known = {name for (name,) in self.session.rows(Select("ParameterType", ["name"]))}
        missing = [name for name in names if name not in known]
        fields = {"valueType": value_type, "units": units, "facility": home, **applicable}
        if missing:
            self.session.write([New("ParameterType", {"name": name, **fields}) for name in missing])

    def parameters(self, entity: str, values: Mapping[str, str | float | datetime]) -> list[New]:
        kinds = {str: "stringValue", float: "numericValue", datetime: "dateTimeValue"}
        return [
            New(entity, {"type": Ref(self.id("ParameterType", name)), kinds[type(value)]: value})
            for name, value in values.items()
        ]

    def investigation(
        self,
        name: str,
        visit: str,
        instrument: str,
        team: Mapping[str, str],
        values: Mapping[str, str] | None = None,
        **fields: object,
    ) -> int:
        users = [
            New("InvestigationUser", {"user": Ref(self.id("User", f"simple/{login}")), "role": role})
            for login, role in team.items()
        ]
        scheduled = New("InvestigationInstrument", {"instrument": Ref(self.id("Instrument", instrument))})
        content = {
            "name": name,
            "visitId": visit,
            "title": f"About {name}",
            "facility": Ref(self.id("Facility", "ESRF")),
            "type": Ref(self.id("InvestigationType", "MX")),
            "investigationUsers": users,
            "investigationInstruments": [scheduled],
            "parameters": self.parameters("InvestigationParameter", values or {}),
            **fields,
        }
        return self.session.write([New("Investigation", content)])[0]

    def sample(self, investigation: int, name: str, values: Mapping[str, str] | None = None) -> int:
        content = {
            "name": name,
            "investigation": Ref(investigation),
            "parameters": self.parameters("SampleParameter", values or {}),
        }
        return self.session.write([New("Sample", content)])[0]

    def datasets(self, investigation: int, sample: int | None, facts: Sequence[Mapping[str, object]]) -> list[int]:
        """Facts per dataset: name; optional location, type, start, minutes, values, technique, instrument, files."""
        return self.session.write([self._dataset(investigation, sample, fact) for fact in facts])

    def _dataset(self, investigation: int, sample: int | None, fact: Mapping[str, object]) -> New:
        start = fact.get("start", APPLE_START)
        assert isinstance(start, datetime)
        values = fact.get("values", {})
        assert isinstance(values, Mapping)
        content: dict[str, object] = {
            "name": fact["name"],
            "location": fact.get("location", f"/data/visitor/xx/{investigation}/{fact['name']}"),
            "startDate": start,
            "endDate": start + timedelta(minutes=float(str(fact.get("minutes", 10)))),
            "complete": True,
            "investigation": Ref(investigation),
            "type": Ref(self.id("DatasetType", str(fact.get("type", "acquisition")))),
            "parameters": self.parameters("DatasetParameter", values),
        }
        if sample is not None:
            content["sample"] = Ref(sample)
        if "technique" in fact:
            technique = Ref(self.id("Technique", str(fact["technique"])))
            content["datasetTechniques"] = [New("DatasetTechnique", {"technique": technique})]
        if "instrument" in fact:
            instrument = Ref(self.id("Instrument", str(fact["instrument"])))
            content["datasetInstruments"] = [New("DatasetInstrument", {"instrument": instrument})]
        files = fact.get("files", ())
        assert isinstance(files, tuple)
        content["datafiles"] = [
            New("Datafile", {"name": name, "location": f"{content['location']}/{name}", "fileSize": 4096})
            for name in files
        ]
        return New("Dataset", content)

    def list_outputs(self, dataset: int, outputs: Sequence[int]) -> None:
        """The way of the parameters."""
        text = " ".join(str(key) for key in outputs)
        kind = Ref(self.id("ParameterType", "output_datasetIds"))
        self.session.write([New("DatasetParameter", {"dataset": Ref(dataset), "type": kind, "stringValue": text})])

    def job(self, inputs: Sequence[int], output: int) -> None:
        """The way of provenance."""
        home = Ref(self.id("Facility", "ESRF"))
        known = dict(self.session.rows(Select("Application", ["name", "id"])))
        application = (
            known.get("autoPROC")
            or self.session.write([New("Application", {"name": "autoPROC", "version": "1.0", "facility": home})])[0]
        )
        collections = [
            self._collection(mark, kept, output)
            for mark, kept in (("processing-input", inputs), ("processing-output", [output]))
        ]
        source, result = self.session.write(collections)
        ends = {"inputDataCollection": Ref(source), "outputDataCollection": Ref(result)}
        self.session.write([New("Job", {"application": Ref(application), **ends})])

    def _collection(self, mark: str, datasets: Sequence[int], output: int) -> New:
        members = [New("DataCollectionDataset", {"dataset": Ref(key)}) for key in datasets]
        parameters = self.parameters("DataCollectionParameter", {mark: str(output)})
        return New("DataCollection", {"dataCollectionDatasets": members, "parameters": parameters})

    def publication(self, doi: str, datasets: Sequence[int], title: str) -> int:
        members = [New("DataCollectionDataset", {"dataset": Ref(key)}) for key in datasets]
        parameters = self.parameters("DataCollectionParameter", {"title": title})
        content = {"doi": doi, "dataCollectionDatasets": members, "parameters": parameters}
        return self.session.write([New("DataCollection", content)])[0]


@dataclass(frozen=True)
class Facility:
    """Ids of what `seed` makes. `sample` is the apple, beside it is a plum without data. `raw` are three datasets,
    `results` two per raw one, `merge` comes from all raw data, `report` from the merge. `other` belongs to dee alone,
    `open` is released."""

    apple: int
    sample: int
    raw: tuple[int, ...]
    results: tuple[int, ...]
    merge: int
    report: int
    other: int
    other_raw: int
    open: int
    open_raw: int
    publication: int
    running: int


def seed(session: Session) -> Facility:
    facility.set_up(session)
    seeder = Seeder(session)
    home = Ref(seeder.id("Facility", "ESRF"))
    known = {name for (name,) in session.rows(Select("DatasetType", ["name"]))}
    kinds = [kind for kind in ("acquisition", "processed") if kind not in known]
    if kinds:
        session.write([New("DatasetType", {"name": kind, "facility": home}) for kind in kinds])
    session.write([New("Technique", {"name": name, "pid": ESRFET + name}) for name in ("XAS", "MX")])
    seeder.parameter_types(
        [
            "scanType",
            "energy",
            "Id",
            "__fileCount",
            "__datasetCount",
            "Sample_description",
            "title",
            "definition",
            "input_datasetIds",
            "output_datasetIds",
            "processing-input",
            "processing-output",
        ]
    )
    seeder.parameter_types(["temperature"], "NUMERIC", "K")
    seeder.parameter_types(["measured"], "DATE_AND_TIME")
    return _content(seeder)


def _content(seeder: Seeder) -> Facility:
    apple = seeder.investigation(
        "XX-1234",
        "ID30A-1 20310506",
        "ID30A-1",
        {"ada": "Principal investigator", "bo": "Participant"},
        {"Id": "55123", "__datasetCount": "8"},
        startDate=datetime(2031, 5, 6, 6, tzinfo=UTC),
        endDate=datetime(2031, 5, 8, 6, tzinfo=UTC),
        releaseDate=datetime(2034, 5, 8, 6, tzinfo=UTC),
        summary="Crystals of an example",
    )
    sample = seeder.sample(apple, "apple", {"Sample_description": "a red APPLE, 100 % pure_"})
    seeder.sample(apple, "plum", {"Sample_description": "7.5"})
    energies = ("9", "12.4", "1.3e1")
    raw = seeder.datasets(
        apple,
        sample,
        [
            {
                "name": f"apple_scan_{i}",
                "start": APPLE_START + timedelta(days=i),
                "values": {"scanType": "fly" if i else "step", "energy": energy, "temperature": 90.0 + i},
                "technique": "XAS" if i else "MX",
                "files": ("apple.h5", "sub/frame.cbf") if i == 0 else (),
            }
            for i, energy in enumerate(energies)
        ],
    )
    results = seeder.datasets(
        apple,
        sample,
        [{"name": f"proc_{i}", "type": "processed", "values": {"definition": "MX"}} for i in range(6)],
    )
    merge, report = seeder.datasets(
        apple,
        None,
        [
            {
                "name": "merge",
                "type": "processed",
                "instrument": "BM29",
                "values": {"input_datasetIds": " ".join(map(str, raw)), "energy": "12.4 keV", "measured": APPLE_START},
            },
            {"name": "report", "type": "processed"},
        ],
    )
    for i, key in enumerate(raw):
        seeder.list_outputs(key, [results[2 * i], results[2 * i + 1], merge, merge])
    seeder.job(raw, merge)
    seeder.job([merge], report)
    other = seeder.investigation(
        "IH-LS-0001",
        "BM18 20310506",
        "BM18",
        {"dee": "Principal investigator"},
        startDate=datetime(2031, 5, 6, 6, tzinfo=UTC),
        releaseDate=datetime(2034, 5, 8, 6, tzinfo=UTC),
    )
    (other_raw,) = seeder.datasets(other, None, [{"name": "secret", "values": {"energy": "20"}}])
    opened = seeder.investigation(
        "HG-123",
        "BM29 20200101",
        "BM29",
        {"ada": "Principal investigator"},
        startDate=datetime(2020, 1, 1, 6, tzinfo=UTC),
        endDate=datetime(2020, 1, 2, 6, tzinfo=UTC),
        releaseDate=datetime(2023, 1, 2, 6, tzinfo=UTC),
        doi="10.99999/EX-ES-123",
    )
    pear = seeder.sample(opened, "pear")
    (open_raw,) = seeder.datasets(
        opened, pear, [{"name": "pear_scan", "start": datetime(2020, 1, 1, 8, tzinfo=UTC), "files": ("pear.h5",)}]
    )
    running = seeder.investigation(
        "BLC-1",
        "ID30A-1 20260101",
        "ID30A-1",
        {"cy": "Local contact"},
        startDate=datetime(2026, 1, 1, 6, tzinfo=UTC),
    )
    return Facility(
        apple=apple,
        sample=sample,
        raw=tuple(raw),
        results=tuple(results),
        merge=merge,
        report=report,
        other=other,
        other_raw=other_raw,
        open=opened,
        open_raw=open_raw,
        publication=seeder.publication("10.99999/EX-DC-31", [open_raw], "Pears"),
        running=running,
    )
