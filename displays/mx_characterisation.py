"""Characterisations: the wedges that belong together, whether the crystal indexed, and the strategy that came out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from displays.cards import cards
from displays.ranking_model import StateRule
from displays.records import Dataset
from displays.related import order_of_making
from displays.values import Evaluator
from displays.view_model import CardView

SCAN_TYPE = "characterisation"
_STRATEGY = "MXStrategy_"
_RULE = StateRule()


@dataclass(frozen=True, slots=True)
class Characterisation:
    """Wedges with one `MX_characterisation_id` (None: they carry none). `growing`: more of them are to come. `indexed`
    and `strategy` are None while nobody said; `card` is the card of that id of the display, `result_id` what it is
    about."""

    id: str | None
    wedges: tuple[int, ...]
    images: int
    growing: bool
    indexed: bool | None
    strategy: bool | None
    verdict: str | None
    note: str | None
    result_id: int | None
    card: CardView | None


def characterisations(datasets: Sequence[Dataset], evaluator: Evaluator) -> tuple[Characterisation, ...]:
    """Of one action, in order of their first wedge."""
    groups: dict[str | None, list[Dataset]] = {}
    for dataset in datasets:
        number = dataset.text("MX_characterisation_id")
        if dataset.is_raw and (number is not None or (dataset.scan_type or "").casefold() == SCAN_TYPE):
            groups.setdefault(number, []).append(dataset)
    return tuple(_view(number, wedges, evaluator) for number, wedges in groups.items())


def _view(number: str | None, wedges: Sequence[Dataset], evaluator: Evaluator) -> Characterisation:
    result = _result(wedges, evaluator)
    said = (result.text("Workflow_status") if result else None) or wedges[-1].text("Workflow_status")
    failed = (said or "").strip().casefold() in _RULE.failed
    indexed = result is not None and result.text("MXAutoprocIntegration_space_group") is not None
    planned = result is not None and any(
        name.startswith(_STRATEGY) or name == "MX_axis_range" for name in result.parameters
    )
    return Characterisation(
        id=number,
        wedges=tuple(wedge.id for wedge in wedges),
        images=sum(int(float(count)) for wedge in wedges if (count := _whole(wedge.text("MX_numberOfImages")))),
        growing=any(wedge.complete is False for wedge in wedges),
        indexed=True if indexed else (False if result is not None or failed else None),
        strategy=True if planned else (False if result is not None else None),
        verdict=said,
        note=(result.text("Workflow_note") if result else None) or wedges[-1].text("Workflow_note"),
        result_id=result.id if result else None,
        card=next(
            (card for wedge in reversed(wedges) for card in cards(evaluator, wedge) if card.id == SCAN_TYPE), None
        ),
    )


def _result(wedges: Sequence[Dataset], evaluator: Evaluator) -> Dataset | None:
    found = [
        output
        for wedge in wedges
        for output in evaluator.lineage.outputs_of(wedge.id)
        if not output.is_raw and (output.scan_type or "").casefold() == SCAN_TYPE
    ]
    return max(found, key=lambda one: order_of_making(one, evaluator.reader.zone), default=None)


def _whole(text: str | None) -> str | None:
    plain = (text or "").strip()
    return plain if plain.removesuffix(".0").isdecimal() and len(plain) < 12 else None


@dataclass(frozen=True, slots=True)
class Indexing:
    """What an indexing solution is judged by: completeness, Rmeas and misfits in per cent, CC1/2 as a fraction, the
    standard deviation of the spot positions in pixels."""

    completeness: float | None
    cc_half: float | None
    i_over_sigma: float | None
    r_meas: float | None
    spot_deviation: float | None
    misfits: float | None

    @property
    def score(self) -> float | None:
        """From 0 to 100, as the beamlines' characterisation weighs them; None if any part is missing."""
        parts = (self.completeness, self.cc_half, self.i_over_sigma, self.r_meas, self.spot_deviation, self.misfits)
        known = [part for part in parts if part is not None]
        if len(known) < len(parts):
            return None
        completeness, cc_half, signal, r_meas, deviation, misfits = known
        weighed = (
            (0.15, completeness),
            (0.25, 100 * cc_half),
            (0.20, signal / 20 * 100),
            (0.15, 100 - r_meas),
            (0.15, 100 - 100 * deviation),
            (0.10, 100 - misfits),
        )
        return sum(weight * min(max(part, 0.0), 100.0) for weight, part in weighed)
