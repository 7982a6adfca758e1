"""The pieces of a display: where values come from, how they are written, and what they are arranged in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from displays.conditions import When
from displays.expressions import parse
from displays.model import Identifier, Item, Name, Names, Part, Shell, Texts

Pick = Literal["best", "latest", "first", "all", "only"]
FIELDS = (
    "id",
    "name",
    "type",
    "startDate",
    "endDate",
    "duration",
    "location",
    "sampleName",
    "sampleId",
    "instrumentName",
    "investigationId",
    "complete",
)
"""Catalogue facts that `field:` always knows; a caller may offer more through `Dataset.fields`."""


class NumberFormat(Part):
    kind: Literal["number"] = "number"
    digits: int | None = Field(None, ge=0, le=15)
    rounding: Literal["half_even", "truncate"] = "half_even"
    style: Literal["fixed", "sig", "sci", "si"] = "fixed"


class PlusMinusFormat(Part):
    """A value with its error packed in one text, such as 2.3±0.1."""

    kind: Literal["pm"]
    digits: int | None = Field(None, ge=0, le=15)


class RangeFormat(Part):
    """Two whole numbers in one text, such as 12-118."""

    kind: Literal["range"]


class DateTimeFormat(Part):
    kind: Literal["datetime"]
    zone: Literal["facility", "utc"] = "facility"


class BytesFormat(Part):
    kind: Literal["bytes"]


class BoolFormat(Part):
    kind: Literal["bool"]


class ListFormat(Part):
    kind: Literal["list"]
    sep: str = Field(" ", min_length=1, max_length=3)


class IriFormat(Part):
    """Technique IRIs, shown by their names."""

    kind: Literal["iri"]


class DurationFormat(Part):
    """A time span, given in seconds unless the unit says otherwise."""

    kind: Literal["duration"]


def _a_number_by_default(value: Any) -> Any:
    return {"kind": "number", **value} if isinstance(value, dict) else value


Format = Annotated[
    NumberFormat
    | PlusMinusFormat
    | RangeFormat
    | DateTimeFormat
    | BytesFormat
    | BoolFormat
    | ListFormat
    | IriFormat
    | DurationFormat,
    Field(discriminator="kind"),
    BeforeValidator(_a_number_by_default),
]


class Related(Part):
    """Datasets reached from the one shown, and which of them counts. `where` maps parameter names to wanted values,
    besides `name_like`, `dataset_type`, `scanType` (either spelling) and `param_present`."""

    depth: Annotated[int, Field(ge=1, le=20)] | Literal["all"] = 1
    itself: bool = Field(
        False, description="The dataset shown is one of the candidates, so that results show their own."
    )
    where: dict[str, str | bool | int | float | tuple[str, ...]] = Field(default_factory=dict)
    pick: Pick = "latest"
    value: Source | None = None


class Source(Item):
    """Where a value comes from: exactly one of field, param, derived, outputs, inputs, count, column."""

    field: Name | None = Field(None, description="A fact of the catalogue, for instance startDate.")
    param: Names | None = Field(None, description="A parameter, or several of which the first present wins.")
    derived: str | None = Field(
        None, description="Arithmetic over parameters: + - * /, min, max, abs, round, coalesce."
    )
    outputs: Related | None = Field(None, description="A value of a dataset computed from this one.")
    inputs: Related | None = Field(None, description="A value of a dataset that this one was computed from.")
    count: Literal["outputs", "inputs"] | None = Field(None, description="How many datasets are linked.")
    column: Identifier | None = Field(None, description="The value of a column of this display.")
    scope: Literal["dataset", "sample"] = Field("dataset", description="sample: search all datasets of the sample.")
    unit: str | None = Field(None, description="Unit to show the value in.")
    from_unit: str | None = Field(None, description="Unit the value really is in, whatever the catalogue says.")
    null_values: Texts = Field((), description="Texts that mean missing, besides None, nan, N/A, NA and nothing.")

    @model_validator(mode="after")
    def _expression_parses(self) -> Self:
        if self.derived is not None:
            parse(self.derived)
        return self

    def sources(self) -> list[str]:
        keys = ("field", "param", "derived", "outputs", "inputs", "count", "column")
        return [key for key in keys if getattr(self, key) is not None]

    def check_whole(self) -> None:
        given = self.sources()
        if len(given) != 1:
            found = " and ".join(given) if given else "none"
            raise ValueError(
                f"give exactly one of field, param, derived, outputs, inputs, count or column (found {found})"
            )
        for key in ("outputs", "inputs"):
            related = getattr(self, key)
            if related is not None and related.value is None:
                raise ValueError(f"{key} needs `value`: what to show of the dataset found")


class Shown(Source):
    """A value with the way it is written."""

    label: str | None = None
    format: Format | None = None
    missing: str = Field("—", description="Mark for a missing value.")
    hide_if_empty: bool = False
    copy_button: bool = Field(False, alias="copy", description="Offer to copy the text.")
    description: str | None = Field(None, description="Tooltip; the definition of the parameter if left out.")
    scale: Identifier | None = Field(None, description="Colour by this scale.")

    def check_whole(self) -> None:
        super().check_whole()
        if self.label is None:
            raise ValueError("a label is missing")


class Column(Shown):
    """A column of a list."""

    def check_whole(self) -> None:
        if self.id is None:
            raise ValueError("a column needs an id")
        super().check_whole()


class Bar(Part):
    """Draw a bar: good above `good`, poor between, bad below `warn`."""

    good: float
    warn: float


class CardRow(Shown):
    """A line of a card. In a card of kind `shells`, `stat` names a statistic (or two: a range) instead of a source."""

    stat: Names | None = None
    bar: Bar | None = None
    good: float | None = None
    bad: float | None = None

    def check_whole(self) -> None:
        if self.stat is None:
            super().check_whole()
        elif self.sources():
            raise ValueError("give either stat or a source of its own")
        elif self.label is None:
            raise ValueError("a label is missing")


class Gallery(Part):
    kinds: tuple[Literal["image", "molecule", "html"], ...] = ("image",)
    include: Names = Field((), description="Globs on file names; all files if left out.")
    order: Names = Field(("name",), description="`name`, `given`, or words in the order their pictures should come.")
    captions: dict[str, str] = Field(default_factory=dict, description="Word in a file name -> caption.")
    max: int = Field(50, ge=1, le=1000)


class Card(Item):
    """A panel about the dataset itself or, with outputs or inputs, about the related dataset picked."""

    label: str | None = None
    kind: Literal["rows", "shells"] = "rows"
    outputs: Related | None = None
    inputs: Related | None = None
    rows: tuple[CardRow, ...] = ()
    prefix: str | None = Field(None, description="For shells: what stands before _<shell>_<statistic>.")
    shells: tuple[Shell, ...] = ("inner", "outer", "overall")
    further: Names = Field((), description="Globs on parameters, declared or not, to list after the rows by name.")
    gallery: Gallery | None = None

    def check_whole(self) -> None:
        if self.id is None or self.label is None:
            raise ValueError("a card needs an id and a label")
        if self.outputs and self.inputs:
            raise ValueError("give outputs or inputs, not both")
        if self.kind == "shells" and not self.prefix:
            raise ValueError("a card of kind shells needs prefix")
        if any(row.stat for row in self.rows) and self.kind != "shells":
            raise ValueError("stat is only for cards of kind shells")


def _as_tuple(value: Any) -> Any:
    return (value,) if isinstance(value, Mapping) else value


class Plot(Item):
    """A plot over many datasets, or of what one dataset holds in an HDF5 file."""

    label: str | None = None
    kind: Literal["scatter", "line", "bar", "histogram", "heatmap", "image", "map"] = "scatter"
    over: Literal["datasets", "hdf5"] = "datasets"
    x: Source | None = None
    y: Annotated[tuple[Source, ...], BeforeValidator(_as_tuple, json_schema_input_type=Source | tuple[Source, ...])] = (
        Field((), description="What is plotted; several values are series named by their ids.")
    )
    z: Source | None = Field(None, description="Value behind the colour, for heatmap and map.")
    series: Source | None = None
    bins: int = Field(50, ge=1, le=1000)
    log: Literal["x", "y", "both"] | None = None
    click: Literal["open_dataset"] | None = None
    hdf5_path: str | None = Field(None, description="Place in the file; left out: its NeXus default plot.")
    include: Names = Field((), description="For hdf5: globs on file names; all HDF5 files if left out.")
    unit: str | None = Field(None, description="Unit of y.")
    axis: str | None = Field(None, description="What is on the y axis, in words; left out: the names of the values.")

    def check_whole(self) -> None:
        if self.id is None:
            raise ValueError("a plot needs an id")
        if self.over == "datasets" and not self.y:
            raise ValueError("a plot over datasets needs y")
        if self.over == "hdf5" and (self.x or self.y or self.z or self.series):
            raise ValueError("a plot over hdf5 takes its values from the file; leave x, y, z and series out")
        if self.kind in ("heatmap", "map") and self.over == "datasets" and (self.x is None or self.z is None):
            raise ValueError(f"a {self.kind} over datasets needs x, y and z")


class Groups(Part):
    """How the rows of a list are gathered."""

    by: Names | None = None
    algorithm: Literal["mx_actions"] | None = None
    order: str = Field("startDate", description="Parameter or field; a leading - or trailing _desc turns it round.")
    collapse: bool = False

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.by and self.algorithm:
            raise ValueError("give by or algorithm, not both")
        return self


class RowThumbnail(Part):
    include: Names = ()


class Link(Item):
    label: str | None = None
    url: str | None = Field(None, description="https or relative; {placeholders} are percent-encoded.")
    when: When | None = None

    def check_whole(self) -> None:
        if not self.label or not self.url:
            raise ValueError("a link needs label and url")


class Warn(Item):
    when: When
    text: Name
    severity: Literal["info", "warning", "error"] = "warning"


class Normalise(Item):
    """A correction on read, for producers known to write a value in another unit than they should."""

    param: Name = Field(description="Name or glob of the parameters concerned.")
    when: When | None = None
    from_unit: Name = Field(description="Unit in which such values really are; they are converted to the defined one.")


class Files(Part):
    tree: bool = True
    hdf5: bool = True


class Summary(Part):
    kind: Literal["list", "containers"] = "list"
    scale: Identifier | None = None
    views: Names = ()


class Scale(Part):
    """Colours between two ends; `worst` may be above or below `best`."""

    palette: Literal["red-yellow-green"] = "red-yellow-green"
    worst: float
    best: float
    shrink_to_data: bool = False
    user_adjustable: Literal["session"] | None = None
    unit: str | None = None
    stat: Name | None = Field(None, description="Statistic of MX results that it colours, in the shell given beside.")
    shell: Shell | None = None


Related.model_rebuild()
