"""Keeps session ids and passwords out of texts and out of the logs of the libraries below.

ICAT's REST interface takes the session id in the URL, which urllib3 logs; there it is replaced by stars. suds logs, at
debug level, every message and every value in it, at login the password; these records are dropped.
"""

from __future__ import annotations

import logging
import re

_STARS = "***"
_IN_LOGS = re.compile(
    r"(?P<before>sessionId=|/session/|<(?:\w+:)?sessionId[^>]*>|<(?:\w+:)?value[^>]*>|sessionid: ?|Session id:)"
    r"[^&\s<\"']+",
    re.IGNORECASE,
)
_LIBRARIES = ("suds", "icat", "urllib3", "requests")


def hidden(text: str, secrets: tuple[str, ...] = ()) -> str:
    """The text without these secrets, and without what stands where session ids and passwords stand in ICAT's texts."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, _STARS)
    return _IN_LOGS.sub(rf"\g<before>{_STARS}", text)


class _Redacting(logging.Filter):
    """Puts the stars into a record before any handler sees it."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno <= logging.DEBUG and record.name.startswith("suds"):
            return False
        text = record.getMessage()
        clean = hidden(text)
        if clean != text:
            record.msg, record.args = clean, ()
        return True


_FILTER = _Redacting()


def guard_library_logs() -> None:
    """Install the filter on every logger of the libraries that is there by now (a logger's filter does not reach its
    children, so each gets it)."""
    for name in list(logging.root.manager.loggerDict):
        if name.partition(".")[0] in _LIBRARIES:
            logging.getLogger(name).addFilter(_FILTER)
