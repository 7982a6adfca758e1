"""How a document says which of several results is best."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from displays.model import Name, Names, Part, Shell, Texts
from displays.parts import Related

UserSetting = Annotated[str, Field(pattern=r"^user\.[A-Za-z][A-Za-z0-9_]*$")]
"""A setting of the reader, for instance `user.autoProcessingRankingShell`."""
State = Literal["success", "no_results", "running", "failed", "not_run"]
Direction = Literal["high", "low"]

STATISTICS: Mapping[str, str] = {
    "mean_I_over_sigI": "I/sigma",
    "r_merge": "Rmerge",
    "r_meas_all_IPlus_IMinus": "Rmeas",
    "r_pim_all_IPlus_IMinus": "Rpim",
    "cc_half": "CC half",
    "ccAno": "CC ano",
    "completeness": "Completeness",
    "resolution_limit_high": "Resolution",
}
"""Statistics by which readers rank results, with the words they use for them."""


class SelectedFirst(Part):
    """Results whose parameter has a chosen value before all others; an empty choice means all are chosen."""

    kind: Literal["selected_first"]
    param: Names
    values: UserSetting | tuple[str, ...]


class Order(Part):
    """Results with the preferred value of a parameter first; a missing value counts as the first alternative, false."""

    kind: Literal["order"]
    param: Names
    prefer: bool | Texts


class Symmetry(Part):
    """By the number of symmetry operators of the space group, centring left out."""

    kind: Literal["symmetry"]
    param: Names
    prefer: Direction = "high"
    disable_by: UserSetting | None = None


class StatisticDefault(Part):
    shell: Shell
    stat: Name


class ByNumber(Part):
    """By a number; `{shell}` and `{stat}` in the name are filled from the reader's settings or the default. A missing
    number comes last whichever way is better."""

    kind: Literal["number"]
    param: Name
    shell: UserSetting | None = None
    stat: UserSetting | None = None
    default: StatisticDefault | None = None
    direction: Direction | dict[str, Direction] = Field(
        "high", description="Or statistic -> direction, `*` for others."
    )

    def direction_of(self, stat: str) -> Direction:
        if isinstance(self.direction, str):
            return self.direction
        return self.direction.get(stat, self.direction.get("*", "high"))


class ByField(Part):
    kind: Literal["field"]
    field: Name
    prefer: Literal["late", "early"] = "late"


Criterion = Annotated[SelectedFirst | Order | Symmetry | ByNumber | ByField, Field(discriminator="kind")]


class Cutoffs(Part):
    """Which results are good enough, from the reader's limits per statistic and shell."""

    source: UserSetting = Field(alias="from")
    missing: Literal["fail", "pass"] = "fail"
    when_none: Literal["best_marked", "nothing"] = "best_marked"
    minima: Names = ("completeness", "mean_I_over_sigI", "cc_half", "cc_ano", "ccAno", "resolution_limit_low")
    units: dict[str, str] = Field(
        default_factory=lambda: {"r_*": "percent", "ccAno": "percent"},
        description="Glob on statistics -> unit in which readers give their limits, where it is not the defined one.",
    )
    names: dict[str, str] = Field(
        default_factory=lambda: {"cc_ano": "ccAno"}, description="Name of a limit -> name of its statistic."
    )


class StateRule(Part):
    """How the state of a result without statistics is told from a parameter."""

    param: Names = ("Workflow_status",)
    running: Texts = ("running", "started", "preprocessing", "queued", "submitted")
    failed: Texts = ("failed", "error", "terminated", "aborted")
    not_run: Texts = ("not run", "not_run", "skipped", "refused", "no licence", "no license")


class Ranking(Part):
    """Which results compete (`over`), and the criteria in order of weight. States come last among equals."""

    over: dict[Literal["outputs", "inputs"], Related]
    criteria: tuple[Criterion, ...] = Field(min_length=1)
    cutoffs: Cutoffs | None = None
    states: tuple[State, ...] = ("success", "no_results", "running", "failed", "not_run")
    state: StateRule = StateRule()
    forced_space_group: Names = Field((), description="Parameter of the raw dataset that restricts the candidates.")
