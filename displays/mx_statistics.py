"""The table of statistics of MX results: per result one block with a line for each shell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from displays.cards import shell_cell
from displays.mx_scales import shells_card
from displays.parts import Card, CardRow
from displays.quantities import symbol
from displays.records import Dataset
from displays.values import Evaluator
from displays.view_model import Best, Cell, Contender

TRUE = ("true", "1", "yes")
CELL = ("a", "b", "c", "alpha", "beta", "gamma")


@dataclass(frozen=True, slots=True)
class StatisticHead:
    label: str
    unit: str | None


@dataclass(frozen=True, slots=True)
class ShellLine:
    """One shell; `cells` in the order of the table's columns."""

    shell: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class ResultBlock:
    """One result. `lengths` (a b c, in ångström) and `angles` (degrees) are empty when nobody gave them; `lines` are
    empty for a result without statistics. `triggering` is MANUAL or AUTOMATIC, as the producer says."""

    contender: Contender
    best: bool
    anomalous: bool
    triggering: str | None
    space_group: str | None
    lengths: tuple[str, ...]
    angles: tuple[str, ...]
    lines: tuple[ShellLine, ...]


@dataclass(frozen=True, slots=True)
class StatisticsTable:
    """Columns with at least one value, and results in order of rank."""

    columns: tuple[StatisticHead, ...]
    blocks: tuple[ResultBlock, ...]


def statistics_table(evaluator: Evaluator, best: Best, *, only_best: bool = False) -> StatisticsTable:
    """The results of a ranking, or the best of them alone."""
    contenders = [c for c in best.contenders if not only_best or c.dataset_id == best.dataset_id]
    card = shells_card(evaluator.display)
    if card is None:
        return StatisticsTable((), ())
    rows = [row for row in card.rows if row.stat is not None]
    datasets = evaluator.lineage.datasets
    drawn = {c.dataset_id: _cells(card, rows, evaluator, datasets[c.dataset_id]) for c in contenders}
    kept = [
        i for i, _ in enumerate(rows) if any(not line[i].missing for lines in drawn.values() for line in lines.values())
    ]
    heads = tuple(StatisticHead(rows[i].label or "", symbol(rows[i].unit) if rows[i].unit else None) for i in kept)
    blocks = tuple(_block(c, best, datasets[c.dataset_id], drawn[c.dataset_id], kept) for c in contenders)
    return StatisticsTable(heads, blocks)


def _cells(card: Card, rows: Iterable[CardRow], evaluator: Evaluator, result: Dataset) -> dict[str, list[Cell]]:
    return {shell: [shell_cell(card, row, shell, evaluator, result) for row in rows] for shell in card.shells}


def _block(
    contender: Contender, best: Best, result: Dataset, drawn: Mapping[str, list[Cell]], kept: list[int]
) -> ResultBlock:
    lines = [ShellLine(shell, tuple(cells[i] for i in kept)) for shell, cells in drawn.items()]
    parts = [result.text(f"MXAutoprocIntegration_cell_{name}") for name in CELL]
    return ResultBlock(
        contender=contender,
        best=contender.dataset_id == best.dataset_id,
        anomalous=(result.text("MXAutoprocIntegration_anomalous") or "").strip().casefold() in TRUE,
        triggering=result.text("Process_triggering"),
        space_group=result.text("MXAutoprocIntegration_space_group"),
        lengths=tuple(part or "—" for part in parts[:3]) if any(parts[:3]) else (),
        angles=tuple(part or "—" for part in parts[3:]) if any(parts[3:]) else (),
        lines=tuple(line for line in lines if any(not cell.missing for cell in line.cells)),
    )
