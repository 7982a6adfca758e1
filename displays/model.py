"""Base of the document model, and the small words every part of a document is made of.

The classes of `parts`, `selector`, `ranking_model` and `document` are the format: the published JSON Schema is made
from them. A document as written may leave out what it inherits; what must be there is checked on the merged whole.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, model_validator

Name = Annotated[str, Field(min_length=1, max_length=200)]
Identifier = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=80)]
Shell = Literal["inner", "outer", "overall"]


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _as_texts(value: Any) -> Any:
    """Numbers that stand for texts (`null_values: [-1]`) are meant as they are written."""
    values = value if isinstance(value, list | tuple) else [value]
    return [str(item) if isinstance(item, int | float) and not isinstance(item, bool) else item for item in values]


Names = Annotated[tuple[Name, ...], BeforeValidator(_as_list, json_schema_input_type=str | tuple[str, ...])]
"""One name or several; the first that is present counts."""
Texts = Annotated[
    tuple[str, ...], BeforeValidator(_as_texts, json_schema_input_type=str | float | tuple[str | float, ...])
]


class Part(BaseModel):
    """A piece of a document: unknown keys are faults, nothing changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, defer_build=True)


class Item(Part):
    """A piece that sits in a list and can be inherited, replaced in part, moved or removed by its `id`."""

    id: Identifier | None = Field(None, description="Name of the piece within its list; inheritance merges by it.")
    remove: bool = Field(False, description="Delete the inherited piece of this id.")
    before: Identifier | None = Field(None, description="Place it before the piece of this id.")
    after: Identifier | None = Field(None, description="Place it after the piece of this id.")

    @model_validator(mode="after")
    def _whole(self, info: ValidationInfo) -> Self:
        if is_merged(info):
            self.check_whole()
        return self

    def check_whole(self) -> None:
        """Raise ValueError if something is missing that no parent can supply any more."""


def is_merged(info: ValidationInfo) -> bool:
    """Is the merged document being read (rather than one as written, which may be partial)?"""
    return bool(info.context and info.context.get("merged"))
