"""Logging of our processes: one format, to stderr, secrets blotted out, the request id in every line."""

from __future__ import annotations

import logging
from contextvars import ContextVar

from drac_plugins.core.redaction import RedactingFormatter

FORMAT = "%(asctime)s %(levelname)s %(name)s [%(request_id)s] %(message)s"
_TALKATIVE = ("alembic", "urllib3", "suds", "icat", "PIL")

request_id: ContextVar[str] = ContextVar("drac_request_id", default="-")
"""Of the request that this thread answers."""


class _RequestId(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = request_id.get()
        return True


def guarded(handler: logging.Handler) -> logging.Handler:
    """Give a handler our format and the redaction."""
    handler.setFormatter(RedactingFormatter(FORMAT))
    handler.addFilter(_RequestId())
    return handler


def start(level: str = "INFO") -> None:
    """Send all logs to stderr."""
    root = logging.getLogger()
    for handler in list(root.handlers):
        root.removeHandler(handler)
    root.addHandler(guarded(logging.StreamHandler()))
    root.setLevel(level.upper())
    quieten_libraries()


def quieten_libraries() -> None:
    """Libraries that tell everything (suds: messages with passwords) speak up from WARNING on."""
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLogger().level))
