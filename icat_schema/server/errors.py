"""What can go wrong, in ICAT's own words: the eight exception types of the protocol."""

from __future__ import annotations

from typing import Literal

from icat_schema.definitions import schema

ErrorType = Literal[
    "BAD_PARAMETER",
    "INTERNAL",
    "INSUFFICIENT_PRIVILEGES",
    "NO_SUCH_OBJECT_FOUND",
    "OBJECT_ALREADY_EXISTS",
    "SESSION",
    "VALIDATION",
    "NOT_IMPLEMENTED",
]


class IcatError(Exception):
    """A failure that the client is told about.

    `offset` is the position of the offending object in a list, -1 when there is none. SOAP answers it as a fault with
    HTTP 500, REST with the status of the type.
    """

    def __init__(self, type_: ErrorType, message: str, offset: int = -1) -> None:
        super().__init__(message)
        self.type: ErrorType = type_
        self.message = message
        self.offset = offset

    @property
    def http_status(self) -> int:
        return schema().http_status[self.type]

    def at(self, offset: int) -> IcatError:
        """The same failure, said of the object at this position; keeps a position that is already there."""
        return self if self.offset >= 0 else IcatError(self.type, self.message, offset)
