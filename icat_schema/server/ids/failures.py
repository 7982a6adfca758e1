"""What a data service says when it does not do what was asked."""

from __future__ import annotations

from typing import Literal

from icat_schema.server.errors import IcatError

Kind = Literal[
    "BadRequestException",
    "DataNotOnlineException",
    "InsufficientPrivilegesException",
    "InsufficientStorageException",
    "InternalException",
    "NotFoundException",
    "NotImplementedException",
]

STATUS: dict[Kind, int] = {
    "BadRequestException": 400,
    "InsufficientPrivilegesException": 403,
    "NotFoundException": 404,
    "InsufficientStorageException": 500,
    "InternalException": 500,
    "NotImplementedException": 501,
    "DataNotOnlineException": 503,
}
"""The HTTP statuses of the original's exceptions."""

OF_ICAT: dict[str, Kind] = {
    "BAD_PARAMETER": "BadRequestException",
    "VALIDATION": "BadRequestException",
    "INSUFFICIENT_PRIVILEGES": "InsufficientPrivilegesException",
    "SESSION": "InsufficientPrivilegesException",
    "NO_SUCH_OBJECT_FOUND": "NotFoundException",
}
"""Everything else that goes wrong in the catalogue is an InternalException."""


class IdsError(Exception):
    """A refusal. `status`: of HTTP, if it is not the usual one of the kind. `size`: of what has not the range of bytes
    that was asked for."""

    def __init__(self, kind: Kind, message: str, status: int | None = None, size: int | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.status = status or STATUS[kind]
        self.size = size


def of_icat(error: IcatError) -> IdsError:
    """The catalogue's refusal in the words of the data service."""
    kind = OF_ICAT.get(error.type)
    if kind is None:
        return IdsError("InternalException", f"{error.type} {error.message}")
    return IdsError(kind, error.message)


def bad_request(message: str) -> IdsError:
    return IdsError("BadRequestException", message)


def not_found(message: str) -> IdsError:
    return IdsError("NotFoundException", message)


def not_implemented(message: str) -> IdsError:
    return IdsError("NotImplementedException", message)


def not_online(message: str) -> IdsError:
    return IdsError("DataNotOnlineException", message)
