"""Values of a dataset as a document asks for them, each with where it came from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from displays.document import Display
from displays.expressions import parse
from displays.parts import Related, Source
from displays.quantities import convert
from displays.ranking import Ranked, Ranker, Settings
from displays.reader import Reader
from displays.readings import Reading, Readings, is_null, raw_text
from displays.records import Dataset, Lineage, as_instant
from displays.related import Picked, matches, order_of_making, pick


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a value came from: `kind` is parameter, field, derived or count; `name` the parameter or field (or the
    expression); `raw` the producer's text and `units` what the catalogue says beside it. `corrected_from` is the unit
    that was put in its place."""

    kind: str
    dataset_id: int
    dataset_name: str
    name: str
    raw: str | None = None
    units: str | None = None
    corrected_from: str | None = None


@dataclass(frozen=True, slots=True)
class Value:
    """A value before it is written. `number` is in `units`; `moment` is set for dates; `text` for all others. `marks`
    are badges the reader must see, `notes` belong to the explanation."""

    text: str | None = None
    number: float | None = None
    error: float | None = None
    moment: datetime | None = None
    units: str | None = None
    provenance: Provenance | None = None
    marks: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def missing(self) -> bool:
        return self.text is None and self.number is None and self.moment is None


@dataclass(frozen=True)
class Evaluator:
    """Evaluates sources of one display for any dataset of one lineage; remembers picks and rankings."""

    display: Display
    lineage: Lineage
    reader: Reader
    _rankings: dict[tuple[int, str], Ranked] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "readings", Readings(self.reader.vocabulary, self.display.normalise))
        object.__setattr__(self, "_siblings", _by_sample(self.lineage.datasets.values()))

    readings: Readings = field(init=False)
    _siblings: dict[object, list[Dataset]] = field(init=False)

    def value(self, source: Source, dataset: Dataset) -> Value:
        """What a source yields for a dataset; a missing value has no text, number or moment."""
        if source.param is not None:
            return self._parameter(source, dataset)
        if source.field is not None:
            return self._field(source, source.field, dataset)
        if source.derived is not None:
            return self._derived(source, source.derived, dataset)
        if source.count is not None:
            return self._count(source.count, dataset)
        if source.outputs is not None:
            return self._related(source, source.outputs, "outputs", dataset)
        if source.inputs is not None:
            return self._related(source, source.inputs, "inputs", dataset)
        column = next((c for c in self.display.columns if c.id == source.column), None)
        return self.value(column, dataset) if column is not None and column.column is None else Value()

    def picked(self, related: Related, side: str, dataset: Dataset) -> Picked:
        """The related datasets that a clause finds, best or latest first, and what must be said about them."""
        found = self._candidates(related, side, dataset)
        if related.pick == "best":
            ranked = self.ranked(dataset)
            allowed = {d.id for d in found}
            best = ranked.best if ranked is not None and ranked.best is not None else None
            marks = ("below your cut-offs",) if ranked is not None and ranked.below_limits else ()
            return Picked((best,), marks) if best is not None and best.id in allowed else Picked(())
        return pick(related.pick, found, self.reader.zone)

    def ranked(self, dataset: Dataset) -> Ranked | None:
        """The ranking of the results of a dataset; None if the display has no ranking."""
        ranking = self.display.ranking
        if ranking is None:
            return None
        side = "outputs" if "outputs" in ranking.over else "inputs"
        key = (dataset.id, side)
        if key not in self._rankings:
            ranker = Ranker(ranking, self.readings, self.reader.settings, self.reader.zone)
            results = self._candidates(ranking.over["outputs" if side == "outputs" else "inputs"], side, dataset)
            self._rankings[key] = ranker.rank(results, dataset)
        return self._rankings[key]

    def ranked_together(self, datasets: Sequence[Dataset], settings: Settings | None = None) -> Ranked | None:
        """The ranking of all results of several datasets, each result once however many of these it came from; None
        if the display has no ranking. `settings` in place of the reader's own answer what would win if."""
        ranking = self.display.ranking
        if ranking is None:
            return None
        found: dict[int, Dataset] = {}
        for side, related in ranking.over.items():
            found |= {d.id: d for dataset in datasets for d in self._candidates(related, side, dataset)}
        ranker = Ranker(
            ranking, self.readings, self.reader.settings if settings is None else settings, self.reader.zone
        )
        forced = next((d for d in datasets if d.text(*ranking.forced_space_group)), None)
        return ranker.rank(tuple(found.values()), forced or (datasets[0] if datasets else None))

    def _candidates(self, related: Related, side: str, dataset: Dataset) -> list[Dataset]:
        walk = self.lineage.outputs_of if side == "outputs" else self.lineage.inputs_of
        own = [dataset] if related.itself else []
        return [found for found in (*own, *walk(dataset.id, related.depth)) if matches(related.where, found)]

    def _parameter(self, source: Source, dataset: Dataset) -> Value:
        for owner in self._owners(source, dataset):
            present = [
                reading
                for name in source.param or ()
                if (reading := self.readings.read(owner, name, source.null_values, source.from_unit)) is not None
            ]
            if present:
                return of_reading(present[0], owner, _disagreements(present))
        return Value()

    def _owners(self, source: Source, dataset: Dataset) -> Iterable[Dataset]:
        yield dataset
        if source.scope == "sample":
            yield from (d for d in self._siblings.get(_sample(dataset), []) if d.id != dataset.id)

    def _field(self, source: Source, name: str, dataset: Dataset) -> Value:
        fact = fact_of(dataset, name, self.reader)
        if fact is None or (isinstance(fact, str) and is_null(fact, source.null_values)):
            return Value()
        provenance = Provenance("field", dataset.id, dataset.name, name, str(fact))
        if isinstance(fact, datetime):
            return Value(moment=fact, provenance=provenance)
        if isinstance(fact, bool | str):
            return Value(text=str(fact), provenance=provenance)
        return Value(str(fact), float(fact), units=source.from_unit, provenance=provenance)

    def _derived(self, source: Source, expression: str, dataset: Dataset) -> Value:
        parsed = parse(expression)
        numbers: dict[str, float | None] = {}
        for name in parsed.names:
            reading = self.readings.read(dataset, name, source.null_values)
            numbers[name] = reading.number if reading else None
        result = parsed.compute(numbers)
        if result is None:
            return Value()
        inputs = ", ".join(f"{name}={raw_text(dataset, name)}" for name in parsed.names)
        provenance = Provenance("derived", dataset.id, dataset.name, expression, inputs)
        return Value(f"{result:.12g}", result, units=source.from_unit, provenance=provenance)

    def _count(self, side: str, dataset: Dataset) -> Value:
        links = self.lineage.outputs if side == "outputs" else self.lineage.inputs
        known = [one for one in links.get(dataset.id, ()) if one in self.lineage.datasets]
        hidden = self.lineage.hidden_inputs.get(dataset.id, 0) if side == "inputs" else 0
        total = len(known) + hidden
        return Value(
            str(total), float(total), provenance=Provenance("count", dataset.id, dataset.name, side, str(total))
        )

    def _related(self, source: Source, related: Related, side: str, dataset: Dataset) -> Value:
        picked = self.picked(related, side, dataset)
        if related.value is None:
            return Value()
        inner = _with_statements_of(source, related.value)
        values = [self.value(inner, found) for found in picked.datasets]
        present = [value for value in values if not value.missing]
        if not present:
            return Value(marks=picked.marks)
        if related.pick == "all" and len(present) > 1:
            joined = ", ".join(dict.fromkeys(v.text or "" for v in present))
            return Value(joined, provenance=present[0].provenance, marks=picked.marks)
        return replace(present[0], marks=(*picked.marks, *present[0].marks))


def _with_statements_of(outer: Source, inner: Source) -> Source:
    """What the source around says about unit and missing values holds for the value inside, unless that says it."""
    said = {key: getattr(outer, key) for key in ("from_unit", "null_values") if getattr(outer, key)}
    missing = {key: value for key, value in said.items() if not getattr(inner, key)}
    return inner.model_copy(update=missing) if missing else inner


def fact_of(dataset: Dataset, name: str, reader: Reader) -> str | int | float | bool | datetime | None:
    """A catalogue fact under the name documents use; `duration` is in seconds."""
    match name:
        case "id":
            return dataset.id
        case "startDate":
            return dataset.start
        case "endDate":
            return dataset.end
        case "duration":
            return _duration(dataset, reader)
        case "sampleName":
            return dataset.sample_name
        case "sampleId":
            return dataset.sample_id
        case "instrumentName":
            return dataset.instrument or dataset.investigation_instrument
        case "investigationId":
            return dataset.investigation_id
        case "name" | "type" | "location" | "complete":
            fact: str | bool | None = getattr(dataset, name)
            return fact
    return dataset.fields.get(name)


def _duration(dataset: Dataset, reader: Reader) -> float | None:
    if dataset.start is None or dataset.end is None:
        return None
    return (as_instant(dataset.end, reader.zone) - as_instant(dataset.start, reader.zone)).total_seconds()


def of_reading(reading: Reading, owner: Dataset, notes: tuple[str, ...] = ()) -> Value:
    """The value that a reading of a parameter is."""
    return Value(
        text=reading.raw,
        number=reading.number,
        error=reading.error,
        units=reading.units,
        provenance=Provenance(
            "parameter",
            owner.id,
            owner.name,
            reading.name,
            reading.raw,
            reading.stated_units,
            reading.corrected_from,
        ),
        notes=notes,
    )


def _disagreements(present: Sequence[Reading]) -> tuple[str, ...]:
    first = present[0]
    return tuple(
        f"{first.name} ({first.raw}) and {other.name} ({other.raw}) are both given and differ; the first is used."
        for other in present[1:]
        if not _agree(first, other)
    )


def _agree(one: Reading, other: Reading) -> bool:
    if one.number is None or other.number is None:
        return one.raw.strip() == other.raw.strip()
    converted = convert(other.number, other.units, one.units)
    return converted is not None and abs(converted - one.number) <= 1e-9 * max(abs(converted), abs(one.number))


def _sample(dataset: Dataset) -> object:
    return (
        dataset.sample_id if dataset.sample_id is not None else dataset.sample_name or raw_text(dataset, "Sample_name")
    )


def _by_sample(datasets: Iterable[Dataset]) -> dict[object, list[Dataset]]:
    found: dict[object, list[Dataset]] = {}
    for dataset in sorted(datasets, key=order_of_making):
        if (sample := _sample(dataset)) is not None:
            found.setdefault(sample, []).append(dataset)
    return found
