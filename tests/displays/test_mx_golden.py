"""An MX session as text, compared with a file that a person has read."""

from __future__ import annotations

from tests.displays.mx_golden import FILE, lines


def test_an_mx_session_reads_as_the_one_that_was_read() -> None:
    assert list(lines()) == FILE.read_text(encoding="utf-8").splitlines()
