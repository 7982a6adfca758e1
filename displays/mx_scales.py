"""The statistic and shell by which a reader ranks MX results, its value in a result, and the colours over it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from displays.cells import cell
from displays.colours import Ends, coloured, initial_ends
from displays.document import Display
from displays.parts import Card, CardRow, NumberFormat, Scale, Shown
from displays.quantities import symbol
from displays.ranking import Settings, statistic
from displays.ranking_model import STATISTICS, ByNumber, Direction
from displays.records import Dataset
from displays.values import Evaluator, Value, of_reading
from displays.view_model import Cell


@dataclass(frozen=True, slots=True)
class Choice:
    """What results are ranked by. `scale` is None where the document has none for this statistic and shell."""

    shell: str
    statistic: str
    label: str
    direction: Direction
    param: str
    shown: Shown
    scale: Scale | None

    @classmethod
    def of(cls, display: Display, settings: Settings) -> Choice | None:
        """Under a document and the reader's settings; None if the document ranks by no statistic."""
        criteria = display.ranking.criteria if display.ranking else ()
        criterion = next((one for one in criteria if isinstance(one, ByNumber)), None)
        if criterion is None:
            return None
        shell, stat = statistic(criterion, settings)
        scale = next((one for one in display.scales.values() if (one.stat, one.shell) == (stat, shell)), None)
        param = criterion.param.replace("{shell}", shell).replace("{stat}", stat)
        label = STATISTICS.get(stat, stat.replace("_", " "))
        shown = _shown(display, stat, param, label, scale)
        return cls(shell, stat, label, criterion.direction_of(stat), param, shown, scale)

    def cell(self, evaluator: Evaluator, result: Dataset, ends: Ends | None = None) -> Cell:
        """The value of a result; coloured if ends are given and it is a number."""
        reading = evaluator.readings.read(result, self.param)
        value = of_reading(reading, result) if reading is not None else Value()
        drawn = cell(self.shown, value, evaluator.reader, cell_id=self.statistic)
        number = number_of(drawn)
        return replace(drawn, coloured=coloured(number, ends)) if ends is not None and number is not None else drawn


def number_of(drawn: Cell) -> float | None:
    """The number of a cell; None for a missing value and for texts."""
    if drawn.missing or isinstance(drawn.value, bool) or not isinstance(drawn.value, int | float):
        return None
    return float(drawn.value)


def shells_card(display: Display) -> Card | None:
    """The card whose rows are the statistics of results, in the order of the document."""
    return next((card for card in display.cards if card.kind == "shells" and card.outputs is not None), None)


def _shown(display: Display, stat: str, param: str, label: str, scale: Scale | None) -> Shown:
    """Written as the card of statistics writes it, in the unit of the scale."""
    card = shells_card(display)
    rows = card.rows if card is not None else ()
    row = next((one for one in rows if one.stat and stat in one.stat), CardRow(label=label))
    unit = scale.unit if scale is not None else row.unit
    form = row.format or NumberFormat(digits=3, style="sig")
    return Shown(id=stat, label=label, param=(param,), unit=unit, format=form)


@dataclass(frozen=True, slots=True)
class ScaleView:
    """The colour scale over a statistic. `ends` are those in force, `initial` those before anybody moved them, both in
    `unit`; sliders run from `low` to `high` in steps of `step`."""

    shell: str
    statistic: str
    label: str
    unit: str | None
    direction: Direction
    ends: Ends
    initial: Ends
    low: float
    high: float
    step: float
    moved: bool


def scale_view(choice: Choice, observed: Iterable[float], moved: Ends | None = None) -> ScaleView:
    """The scale for these values. Without a scale in the document it spans the values from the worst to the best."""
    values = list(observed)
    if choice.scale is not None:
        initial = initial_ends(choice.scale, values)
        reach = [choice.scale.worst, choice.scale.best]
    else:
        lowest, highest = min(values, default=0.0), max(values, default=1.0)
        initial = Ends(lowest, highest) if choice.direction == "high" else Ends(highest, lowest)
        reach = [lowest, highest]
    ends = moved if moved is not None else initial
    reach += [*values, ends.worst, ends.best]
    low, high = min(reach), max(reach)
    return ScaleView(
        shell=choice.shell,
        statistic=choice.statistic,
        label=choice.label,
        unit=symbol(choice.shown.unit) if choice.shown.unit else None,
        direction=choice.direction,
        ends=ends,
        initial=initial,
        low=low,
        high=high if high > low else low + 1.0,
        step=_step(high - low),
        moved=moved is not None,
    )


def _step(width: float) -> float:
    """A hundredth of the width or less, as a power of ten."""
    step = 1.0
    while step * 100 > max(width, 1e-6):
        step /= 10
    return step
