"""Logging of our processes: to stderr, secrets blotted out, the request id in every line; as text for people
or as JSON for collectors of logs."""

from __future__ import annotations

import json
import logging
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Literal

from drac_plugins.core.redaction import RedactingFormatter

FORMAT = "%(asctime)s %(levelname)s %(name)s [%(request_id)s] %(message)s"
_TALKATIVE = ("alembic", "urllib3", "suds", "icat", "PIL")

request_id: ContextVar[str] = ContextVar("drac_request_id", default="-")
"""Of the request that this thread answers."""


class _RequestId(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = request_id.get()
        return True


class _AsJson(logging.Formatter):
    """One object per line: time (UTC), level, logger, request id, message, what else the record says as `facts`, and
    the traceback."""

    def __init__(self) -> None:
        super().__init__()
        self._message = RedactingFormatter("%(message)s")

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC)
        message, _, traceback = self._message.format(record).partition("\n")
        line = {
            "time": moment.isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "request_id": getattr(record, "request_id", "-"),
            "message": message,
            **getattr(record, "facts", {}),
            **({"traceback": traceback} if traceback else {}),
        }
        return json.dumps(line, ensure_ascii=False)


_form: Literal["text", "json"] = "text"


def guarded(handler: logging.Handler) -> logging.Handler:
    """Give a handler our format and the redaction."""
    handler.setFormatter(_AsJson() if _form == "json" else RedactingFormatter(FORMAT))
    handler.addFilter(_RequestId())
    return handler


def write_as(form: Literal["text", "json"]) -> None:
    """The form of all lines from now on."""
    global _form
    _form = form
    for handler in logging.getLogger().handlers:
        if isinstance(handler.formatter, RedactingFormatter | _AsJson):
            guarded(handler)


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
