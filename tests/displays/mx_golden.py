"""Writes and reads the golden text of an MX session: what a reader sees of each action and of the summary, a line per
thing. `python -m tests.displays.mx_golden` writes it anew; read the difference before committing it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from displays.library import Library, stock_documents
from displays.mx_actions import actions
from displays.mx_scales import Choice, number_of, scale_view
from displays.mx_summary import Judged, summary
from displays.mx_views import ActionView, action_view
from displays.reader import Reader
from displays.records import Dataset, Lineage
from displays.values import Evaluator
from icat_schema.parameters import vocabulary
from icat_schema.techniques import techniques
from tests.displays.datasets import PARIS, dataset, integration, mx_raw, mx_scene, statistics

FILE = Path(__file__).with_name("golden_mx") / "session.txt"


def session() -> tuple[list[Dataset], Lineage]:
    """The three collections of one crystal with their merge, a workflow of another one that was characterised, solved
    and got a failed pipeline, and a third one of which only a spectrum was taken."""
    scene = mx_scene()
    flow = {"Workflow_id": "w7", "Workflow_type": "MXPressE", "Sample_name": "ins-1", "SampleProtein_acronym": "INS"}
    place = {"SampleTrackingContainer_id": "PUCK-0042", "SampleTrackingContainer_position": "12.0"}
    wedge = {"scanType": "characterisation", "MX_characterisation_id": "1", "MX_numberOfImages": "10"}
    raws = [
        mx_raw(300, "ref-ins-1_1", {**flow, **place, **wedge}, sample_id=8, sample_name="ins-1"),
        mx_raw(301, "ins-1_run1", {**flow, **place}, sample_id=8, sample_name="ins-1"),
        mx_raw(320, "tha-1_xrf", {"scanType": "xrf", "Sample_name": "tha-1"}, sample_id=9, sample_name="tha-1"),
    ]
    strategy = {"scanType": "characterisation", "MX_axis_range": "90", "MXStrategy_rotations": "900"}
    made = [
        integration(302, "EDNA_characterisation", strategy, "I 2 3"),
        integration(303, "XIA2_DIALS", statistics(9.1, 0.12), "I 21 3"),
        integration(304, "EDNA_proc", {"Workflow_status": "failed"}, ""),
        dataset(
            305, "MR", {"scanType": "MR", "MXMR_step": "REFINE", "MXMRRefinement_R_free": "0.23"}, type="processed"
        ),
    ]
    links = [(source, key) for source, keys in scene.lineage.outputs.items() for key in keys]
    links += [(300, 302), (301, 303), (301, 304), (303, 305)]
    return [*scene.raw, *raws], Lineage.of([*scene.lineage.datasets.values(), *raws, *made], links)


def lines() -> Iterator[str]:
    """The session as text."""
    raw, lineage = session()
    library = Library.load(stock_documents(), vocabulary(), techniques(), PARIS)
    display = library.choose(raw[0])
    evaluator = Evaluator(display, lineage, Reader(PARIS, vocabulary(), techniques()))
    choice = Choice.of(display, {})
    assert choice is not None
    judged = []
    for action in actions(raw, PARIS):
        ranked = evaluator.ranked_together(action.datasets)
        best = ranked.best if ranked else None
        judged.append(Judged(action, ranked, choice.cell(evaluator, best) if best is not None else None))
    observed = [number for one in judged if one.value and (number := number_of(one.value)) is not None]
    ends = scale_view(choice, observed).ends
    yield f"colours from {ends.worst:g} to {ends.best:g}"
    for one in judged:
        yield from _action(action_view(one.action, evaluator, choice, ends))
    found = summary(judged, evaluator, choice)
    yield f"counters {found.counters}"
    for container in found.containers:
        used = [f"{p.number} {p.samples[0].sample} {p.status}" for p in container.positions if p.samples]
        unplaced = [mark.sample for mark in container.unplaced]
        yield f"container {container.label} of {container.capacity}: {', '.join(used)}; beside it {unplaced}"
    for target in found.targets:
        best = f"best {target.best_sample} by {target.best_program}"
        yield f"target {target.protein}: {best}, {target.counters.datasets} datasets"


def _action(view: ActionView) -> Iterator[str]:
    row = view.row
    yield f"action {row.sample} {row.kind} at {row.container} {row.position}: {', '.join(row.names)}"
    facts = [" ".join(filter(None, (cell.label, cell.text, cell.unit))) for cell in row.facts]
    yield f"  facts {', '.join(facts)}"
    if row.best is not None and row.value is not None and row.value.coloured is not None:
        yield f"  best {row.best.program}: {row.value.label} {row.value.text}, {row.value.coloured.level}"
        yield from (f"    {reason}" for reason in row.best.reasons)
    yield from (f"  {one.sign} {one.program} {dict(one.counts)}" for one in row.pipelines)
    if view.table is not None:
        yield f"  table {' | '.join(column.label for column in view.table.columns)}"
        for block in view.table.blocks:
            yield f"    {block.contender.program}, {block.space_group}, {block.contender.inputs} inputs"
            yield from (f"      {line.shell} {' | '.join(cell.text for cell in line.cells)}" for line in block.lines)
    yield from (f"  if {one.label}: {one.program}{' as now' if one.same else ''}" for one in view.alternatives)
    yield from (f"  {one.summary}" for one in row.phasing)
    for one in row.characterisations:
        yield f"  characterisation {one.id}: {one.images} images, indexed {one.indexed}, strategy {one.strategy}"


if __name__ == "__main__":
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text("\n".join(lines()) + "\n", encoding="utf-8")
