"""For which datasets a display is made."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Literal, Self

from pydantic import Field, model_validator

from displays.conditions import ParameterCondition
from displays.model import Name, Names, Part

DateBasis = Literal["self", "acquisition"]
Moment = dt.datetime | dt.date


class Validity(Part):
    """A half-open period: `from` belongs to it, `until` does not. Dates and naive times are facility time."""

    start: Moment | None = Field(None, alias="from")
    until: Moment | None = None

    def bounds(self, zone: dt.tzinfo) -> tuple[dt.datetime | None, dt.datetime | None]:
        """Both ends as instants in UTC; None is unbounded."""
        return _instant(self.start, zone), _instant(self.until, zone)


def _instant(moment: Moment | None, zone: dt.tzinfo) -> dt.datetime | None:
    if moment is None:
        return None
    if not isinstance(moment, dt.datetime):
        moment = dt.datetime.combine(moment, dt.time(), zone)
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(dt.UTC)


class Selector(Part):
    """All given keys must hold; within one key any of the values will do."""

    instruments: Names | None = Field(None, description="Beamlines; case, dashes and blanks do not matter.")
    techniques: tuple[Name, ...] | None = Field(None, description="CURIEs or IRIs; their kinds are included.")
    techniques_exact: bool = Field(False, description="Only these techniques, not their kinds.")
    definitions: Names | None = Field(None, description="Words of `definition`, for data without technique IRIs.")
    dataset_types: Names | None = None
    scan_types: Names | None = None
    projects: Names | None = None
    programs: Names | None = None
    content_schemas: Names | None = None
    valid: Validity | None = None
    parameters: tuple[ParameterCondition, ...] = ()

    @model_validator(mode="after")
    def _no_empty_choice(self) -> Self:
        for key in ("instruments", "techniques", "definitions", *WORD_KEYS):
            if getattr(self, key) == ():
                raise ValueError(f"{key} is empty, so nothing could ever match; leave the key out")
        return self


WORD_KEYS = ("dataset_types", "scan_types", "projects", "programs", "content_schemas")
"""Keys compared word by word with one fact of the dataset."""


def normalise_instrument(name: str, aliases: Mapping[str, str]) -> str:
    """The form in which beamline names are compared: lower case without dashes and blanks, then through `aliases`
    (normalised alias -> normalised name)."""
    plain = re.sub(r"[\s_-]+", "", name).casefold()
    return aliases.get(plain, plain)
