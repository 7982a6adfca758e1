"""Secrets in log lines."""

from __future__ import annotations

import io
import logging

import pytest

from drac_plugins.core.logs import guarded
from drac_plugins.core.redaction import redact

SESSION = "5b0c2a9e-6d1b-4f55-9a0e-1c2d3e4f5a6b"


@pytest.mark.parametrize(
    ("line", "clean"),
    [
        (f"GET /catalogue/{SESSION}/dataset", "GET /catalogue/***/dataset"),
        (f"GET /dataacquisition/elogbook-{SESSION}/dataset", "GET /dataacquisition/***/dataset"),
        (f"url?sessionId={SESSION}&x=1", "url?sessionId=***&x=1"),
        ("url?sessionId=short&x=1", "url?sessionId=***&x=1"),
        ('{"username": "ada", "password": "hush"}', '{"username": "ada", "password": "***"}'),
        ("{'password': 'hush', 'x': 1}", "{'password': '***', 'x': 1}"),
        ("Authorization: Bearer abc.def-ghi", "Authorization: Bearer ***"),
        ("token eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmVk refused", "token *** refused"),
        ("broker_passcode=hush", "broker_passcode=***"),
        ("an api_key: hush", "an api_key: ***"),
        ("nothing secret here: 4711", "nothing secret here: 4711"),
    ],
)
def test_what_looks_like_a_secret_is_blotted_out(line: str, clean: str) -> None:
    assert redact(line) == clean


def test_arguments_and_tracebacks_are_covered() -> None:
    stream = io.StringIO()
    logger = logging.getLogger("test_redaction")
    logger.propagate = False
    logger.addHandler(guarded(logging.StreamHandler(stream)))
    try:
        raise ValueError(f"no route to /session/{SESSION}")
    except ValueError:
        logger.exception("failed for %s", SESSION)
    assert SESSION not in stream.getvalue()
    assert "no route to /session/***" in stream.getvalue()
