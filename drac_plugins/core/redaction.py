"""Secrets do not belong into logs: session ids, API keys and passwords are blotted out of every line."""

from __future__ import annotations

import logging
import re

BLOT = "***"
_UUID = r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
_SESSION = re.compile(rf"(?:elogbook-)?{_UUID}")
_FIELD = re.compile(
    r"""(?ix) ((?:\b|_) (?:session_?id|api_?key|password|passcode|secret|token|credentials)
        (?:"|'|%22)? \s* (?:=|:|%3[ad]) \s* (?:"|'|%22)? ) [^\s"'&<>,;)}%]+"""
)
_TOKEN = re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*")  # a JSON object, signed
_HEADER = re.compile(r"(?i)\b(bearer\s+|basic\s+)[A-Za-z0-9._~+/=-]+")


def redact(text: str) -> str:
    """The text without what looks like a session id (ICAT's are UUIDs), an API key, a password, a bearer token or
    a token of an OpenID provider."""
    text = _TOKEN.sub(BLOT, _SESSION.sub(BLOT, text))
    text = _HEADER.sub(rf"\1{BLOT}", text)
    return _FIELD.sub(rf"\1{BLOT}", text)


class RedactingFormatter(logging.Formatter):
    """Redacts the finished line, so arguments, exception texts and tracebacks are covered too."""

    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))
