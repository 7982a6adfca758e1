"""Datasets below the datasets that they were computed from.

Levels are read one after the other, each in one go. The links are declared by producers, so anything can be in them:
a dataset twice, a circle, thousands of levels. A link that closes a circle is left out, and an answer that would grow
beyond all bounds (each diamond doubles what is below it) is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from drac_plugins.core.errors import Invalid
from drac_plugins.core.reads.dataset_rows import HEAD, Draft, drafts_of, heads_of
from drac_plugins.core.reads.investigations import light
from drac_plugins.core.reads.records import DatasetRecord, InvestigationRecord
from drac_plugins.core.reads.view import FEW_IDS, Scope, View, scope_of
from icat_schema.gateway import Select
from icat_schema.gateway.conditions import And, Between, Condition, In

MAX_LEVELS = 60
"""What has more of them below it is not shown below others: the JSON decoders of clients give up at a few hundred."""

MAX_NODES = 500_000
"""Datasets in one reply, repetitions included."""

LARGEST_ID = 2**63 - 1
"""What a list names beyond it is no id of ICAT, and no number that a query can hold."""

OVERFETCH = 3
"""So many times more datasets than wanted may be read for the sake of fewer calls."""


def with_outputs(view: View, top: dict[int, Draft], *, nested: bool, inputs: bool) -> list[DatasetRecord]:
    """Records of `top` in its order; with everything that was computed from them when `nested`.
    `inputs`: the ids of inputs of those, too, are read from provenance."""
    drafts = dict(top)
    if nested:
        _read_levels(view, drafts, inputs=inputs)
    investigations = light(view, {d.investigation_id for d in drafts.values() if d.investigation_id is not None})
    return arranged(drafts, list(top), investigations, nested=nested)


def arranged(
    drafts: Mapping[int, Draft], top: Sequence[int], investigations: Mapping[int, InvestigationRecord], *, nested: bool
) -> list[DatasetRecord]:
    """Records of `top` with what is below them among `drafts`. Raises Invalid for too large an answer."""
    children = _without_circles(drafts, top) if nested else {}
    return _records(drafts, children, top, investigations)


def _read_levels(view: View, drafts: dict[int, Draft], *, inputs: bool) -> None:
    level = dict(drafts)
    for _ in range(MAX_LEVELS):
        listed = {key for draft in level.values() for key in draft.output_ids if 0 < key <= LARGEST_ID}
        wanted = sorted(listed - drafts.keys())
        if not wanted:
            return
        level = _read_level(view, wanted, level.values(), inputs=inputs)
        drafts.update(level)


def _read_level(view: View, wanted: list[int], parents: Iterable[Draft], *, inputs: bool) -> dict[int, Draft]:
    near = _near(view, wanted, parents)
    found = _drafts(view, Scope(tuple(wanted), near), inputs=inputs) if near is not None else {}
    missing = [key for key in wanted if key not in found]
    return found | _drafts(view, scope_of(missing, None, dense=False), inputs=inputs)


def _near(view: View, wanted: Sequence[int], parents: Iterable[Draft]) -> Condition | None:
    """Many outputs usually lie in the sessions of their inputs and close together: then one condition replaces a
    list of ids. None: there are few, or too many others among them."""
    sessions = sorted({p.investigation_id for p in parents if p.investigation_id is not None})
    if len(wanted) <= FEW_IDS or not sessions or len(sessions) > FEW_IDS:
        return None
    condition = And(In("investigation.id", sessions), Between("id", wanted[0], wanted[-1]))
    several = view.session.count(Select("Dataset", ["id"], condition))
    return condition if several <= OVERFETCH * len(wanted) else None


def _drafts(view: View, scope: Scope, *, inputs: bool) -> dict[int, Draft]:
    wanted = set(scope.ids)
    rows = [row for row in scope.rows(view.session, Select("Dataset", HEAD)) if row[0] in wanted]
    return drafts_of(view, heads_of(rows), scope, outputs=True, inputs=inputs)


def _without_circles(drafts: Mapping[int, Draft], top: Iterable[int]) -> dict[int, list[int]]:
    """Readable outputs per dataset, without the links that lead back to where one comes from; without recursion."""
    children: dict[int, list[int]] = {}
    done: set[int] = set()
    for start in top:
        if start in done:
            continue
        path = {start: iter(drafts[start].output_ids)}
        children[start] = []
        while path:
            current, remaining = next(reversed(path.items()))
            key = next((k for k in remaining if k in drafts and k not in path), None)
            if key is None:
                del path[current]
                done.add(current)
                continue
            children[current].append(key)
            if key not in done:
                children[key] = []
                path[key] = iter(drafts[key].output_ids)
    return children


def _records(
    drafts: Mapping[int, Draft],
    children: Mapping[int, list[int]],
    top: Sequence[int],
    investigations: Mapping[int, InvestigationRecord],
) -> list[DatasetRecord]:
    """Each dataset becomes one record, which all its parents share."""
    records: dict[int, DatasetRecord] = {}
    sizes: dict[int, int] = {}
    levels: dict[int, int] = {}
    for key in _outputs_first(children, top):
        below = [child for child in children.get(key, ()) if levels[child] < MAX_LEVELS]
        sizes[key] = 1 + sum(sizes[child] for child in below)
        levels[key] = 1 + max((levels[child] for child in below), default=0)
        records[key] = _record(drafts[key], tuple(records[child] for child in below), investigations)
    total = sum(sizes[key] for key in top)
    if total > MAX_NODES:
        raise Invalid(f"the answer would hold {total} datasets: ask without nested=true, or for fewer datasets at once")
    return [records[key] for key in top]


def _outputs_first(children: Mapping[int, list[int]], top: Iterable[int]) -> Iterator[int]:
    """Every dataset once, after all that are below it; without recursion."""
    done: set[int] = set()
    for start in top:
        stack = [start]
        while stack:
            key = stack[-1]
            missing = [child for child in children.get(key, ()) if child not in done]
            if missing:
                stack.extend(missing)
                continue
            stack.pop()
            if key not in done:
                done.add(key)
                yield key


def _record(
    draft: Draft, outputs: tuple[DatasetRecord, ...], investigations: Mapping[int, InvestigationRecord]
) -> DatasetRecord:
    head = draft.head
    investigation = investigations.get(draft.investigation_id) if draft.investigation_id is not None else None
    instrument = draft.instrument
    if instrument is None and investigation is not None and investigation.instruments:
        instrument = investigation.instruments[0].name
    return DatasetRecord(
        id=head.id,
        name=head.name,
        type=head.type,
        location=head.location,
        start=head.start,
        end=head.end,
        complete=head.complete,
        sample_id=head.sample_id,
        sample_name=head.sample_name,
        instrument=instrument,
        investigation=investigation,
        parameters=draft.parameters,
        techniques=tuple(draft.techniques),
        input_ids=draft.input_ids,
        output_ids=draft.output_ids,
        outputs=outputs,
    )
