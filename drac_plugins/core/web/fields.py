"""Fields and base schemas of the ICAT+ wire: `QuerySchema` for what comes in, `WireDateTime` for what goes out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, tzinfo
from typing import Any

import marshmallow as ma
from flask import current_app
from marshmallow import fields, validate

from drac_plugins.core.web.paths import FORBIDDEN_CHARACTERS

_WHOLE = re.compile(r"[+-]?[0-9]{1,19}")
_LARGEST = 2**63 - 1


def wire_datetime(moment: datetime, zone: tzinfo) -> str:
    """ISO 8601 with milliseconds and a numeric offset (never `Z`: clients on Python < 3.11 refuse it)."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.astimezone(zone).isoformat(timespec="milliseconds")


def facility_zone() -> tzinfo:
    """Time zone of dates on the wire (setting `facility.zone`)."""
    zone: tzinfo = current_app.extensions["drac"].settings.facility.timezone
    return zone


class WireDateTime(fields.Field[datetime]):
    """A moment: out as `wire_datetime` in the facility's zone, in as any ISO 8601 date-time; one without an offset is
    local to the facility."""

    default_error_messages = {"invalid": "{input!r} is no date-time; expected e.g. 2031-05-06T08:00:00.000+02:00"}  # noqa: RUF012

    def _serialize(self, value: datetime | None, attr: str | None, obj: Any, **kwargs: Any) -> str | None:  # noqa: ARG002
        return None if value is None else wire_datetime(value, facility_zone())

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime:  # noqa: ARG002
        try:
            moment = datetime.fromisoformat(value.strip().replace(" ", "+") if isinstance(value, str) else "")
            aware = moment if moment.tzinfo else moment.replace(tzinfo=facility_zone())
            return aware.astimezone(UTC)
        except (ValueError, OverflowError) as error:
            raise self.make_error("invalid", input=str(value)[:40]) from error


class Day(fields.Field[date]):
    """A day, `YYYY-MM-DD`; of a full date-time the day as written."""

    default_error_messages = {"invalid": "{input!r} is no day; expected YYYY-MM-DD"}  # noqa: RUF012

    def _serialize(self, value: date | None, attr: str | None, obj: Any, **kwargs: Any) -> str | None:  # noqa: ARG002
        return None if value is None else value.isoformat()

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> date:  # noqa: ARG002
        try:
            return datetime.fromisoformat(value.strip().replace(" ", "+") if isinstance(value, str) else "").date()
        except ValueError as error:
            raise self.make_error("invalid", input=str(value)[:40]) from error


class WholeNumber(fields.Integer):
    """A whole number as JSON number or decimal text; 2.5, 1e3, true and what does not fit 64 bits are refused."""

    default_error_messages = {"invalid": "expected a whole number"}  # noqa: RUF012

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(strict=True, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:  # noqa: ARG002
        if isinstance(value, str) and _WHOLE.fullmatch(value.strip()):
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or abs(value) > _LARGEST:
            raise self.make_error("invalid")
        return value


class Text(fields.String):
    """Text without control characters; numbers are taken as their text (clients send ids either way)."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if isinstance(value, int | float) and not isinstance(value, bool):
            value = str(value)
        text: str = super()._deserialize(value, attr, data, **kwargs)
        if FORBIDDEN_CHARACTERS.search(text):
            raise ma.ValidationError("contains a control character")
        return text


class Flag(fields.Field[bool]):
    """`true` or `false`, in any case of letters; absent means false unless `load_default` says otherwise."""

    default_error_messages = {"invalid": "expected true or false"}  # noqa: RUF012

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("load_default", False)
        super().__init__(**kwargs)

    def _serialize(self, value: bool | None, attr: str | None, obj: Any, **kwargs: Any) -> bool | None:  # noqa: ARG002
        return value

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:  # noqa: ARG002
        found = {"true": True, "1": True, "false": False, "0": False}.get(str(value).strip().lower())
        if found is None:
            raise self.make_error("invalid")
        return found


class Words(fields.Field[Any]):
    """A list in one value with commas between; blanks around words and empty words are dropped; or a JSON list."""

    is_list = True
    default_error_messages = {"invalid": "expected a list with commas between"}  # noqa: RUF012

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("load_default", ())
        super().__init__(**kwargs)

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:  # noqa: ARG002
        return None if value is None else ",".join(str(word) for word in value)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:  # noqa: ARG002
        if isinstance(value, str | int) and not isinstance(value, bool):
            value = str(value).split(",")
        if not isinstance(value, list) or not all(isinstance(word, str | int) for word in value):
            raise self.make_error("invalid")
        return tuple(word for word in (str(word).strip() for word in value) if word)


class Ids(Words):
    """Like `Words`, of ICAT identifiers: a tuple of numbers in the order given, each once."""

    default_error_messages = {"invalid": "expected identifiers (whole numbers) with commas between"}  # noqa: RUF012

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> tuple[int, ...]:
        words = super()._deserialize(value, attr, data, **kwargs)
        if not all(word.isascii() and word.isdigit() and len(word) <= 19 and int(word) <= _LARGEST for word in words):
            raise self.make_error("invalid")
        return tuple(dict.fromkeys(int(word) for word in words))


class SortOrder(fields.Field[str]):
    """`1` ascending, `-1` descending (the published description suggests the opposite; clients rely on this)."""

    default_error_messages = {"invalid": "expected 1 (ascending) or -1 (descending)"}  # noqa: RUF012

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("load_default", "ASC")
        super().__init__(**kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:  # noqa: ARG002
        text = str(value).strip().lower()
        if text in ("1", "+1", "asc", "ascending"):
            return "ASC"
        if text in ("-1", "desc", "descending"):
            return "DESC"
        raise self.make_error("invalid")


class QuerySchema(ma.Schema):
    """Base of query arguments: unknown ones are ignored (clients send extras), empty ones count as absent."""

    class Meta:
        unknown = ma.EXCLUDE


class SessionQuery(QuerySchema):
    """Where the session is a query argument: see `callers.person`."""

    session_id = Text(
        data_key="sessionId", load_default=None, metadata={"description": "ICAT session id; default: the bearer token"}
    )


class UploadedFile(QuerySchema):
    """The part `file` of a form, for the location `files`."""

    file = fields.Raw(required=True, metadata={"type": "string", "format": "binary"})


class PageQuery(QuerySchema):
    """`limit` (None: everything) and `skip` (left out first)."""

    limit = WholeNumber(load_default=None, validate=validate.Range(min=0, error="must not be negative"))
    skip = WholeNumber(load_default=0, validate=validate.Range(min=0, error="must not be negative"))


class SortedPageQuery(PageQuery):
    """A page with `sort_by` (wire: sortBy; the service ignores unknown values) and `sort_order` ASC or DESC."""

    sort_by = Text(data_key="sortBy", load_default=None)
    sort_order = SortOrder(data_key="sortOrder")
    search = Text(load_default=None)


class PageNumbers(ma.Schema):
    total = fields.Integer(required=True)
    total_pages = fields.Integer(required=True, data_key="totalPages")
    current_page = fields.Integer(required=True, data_key="currentPage")


class Meta(ma.Schema):
    """The paging object that every element of a paged list carries."""

    page = fields.Nested(PageNumbers)


def page_meta(total: int, limit: int | None, skip: int = 0) -> Mapping[str, Mapping[str, int]]:
    """`meta` as it goes on the wire: pages are counted from 1; without a limit there is one page."""
    pages = -(-total // limit) if limit else 1
    current = skip // limit + 1 if limit else 1
    return {"page": {"total": total, "totalPages": max(pages, 1), "currentPage": current}}
