"""Failures in the facade's own words. Mapped in at each border, mapped out to HTTP in `core.web` and to an outcome in
`ingest`; nothing in between knows HTTP.
"""

from __future__ import annotations


class DracError(Exception):
    """Root of the family. `message` is safe to show and says what the reader can do; `code` is stable for programs."""

    code = "drac.error"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Invalid(DracError):
    """Something in the request is missing or malformed; the text names it and what is accepted."""

    code = "request.invalid"


class NotSignedIn(DracError):
    """No session, an unknown one or an expired one; log in again."""

    code = "session.required"


class BadCredentials(DracError):
    """Log-in refused."""

    code = "session.bad-credentials"


class Forbidden(DracError):
    """The caller may not do this."""

    code = "access.forbidden"


class NotFound(DracError):
    """There is no such thing, or the caller may not see it (the two are not told apart)."""

    code = "thing.not-found"


class Conflict(DracError):
    """It exists already, or has changed meanwhile."""

    code = "thing.conflict"


class NotSupported(DracError):
    """This installation does not offer it."""

    code = "operation.not-supported"


class Unavailable(DracError):
    """A neighbour (catalogue, store, broker) does not answer; try again later."""

    code = "neighbour.unavailable"


class UpstreamBroken(DracError):
    """A neighbour answered something that cannot be used; trying again does not help."""

    code = "neighbour.broken"
