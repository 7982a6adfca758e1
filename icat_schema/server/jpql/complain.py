"""Refusals of a query, with the place in the text."""

from __future__ import annotations

from icat_schema.server.errors import IcatError

AROUND = 30
"""Characters of the text shown on either side of the offending place."""


def bad(message: str) -> IcatError:
    """A refusal that needs no place."""
    return IcatError("BAD_PARAMETER", message)


def bad_at(message: str, text: str, at: int) -> IcatError:
    """A refusal that shows where in the text the trouble is; positions are told from 1 on."""
    before = text[max(0, at - AROUND) : at]
    after = text[at : at + AROUND]
    head = "…" if at > AROUND else ""
    tail = "…" if len(text) > at + AROUND else ""
    return IcatError("BAD_PARAMETER", f"{message} (position {at + 1}: {head}{before}<here>{after}{tail})")
