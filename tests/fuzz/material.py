"""What requests are damaged with."""

from __future__ import annotations

from pathlib import Path

ODD_CHARACTERS = (
    "\t",
    "\n",
    "\r",
    "\xa0",
    "\u2028",
    "é",
    "\U0001d4b3",
    "\ufeff",
)
WORDS = (*Path(__file__).with_name("words.txt").read_text(encoding="utf-8").split(), *ODD_CHARACTERS)
"""Of the query languages."""
TEXTS = (
    "",
    "\x00",
    "\x0b",
    "\u200e",
    "\ud800",
    "\udfff\ud800",
    "ééé",
    "\U0001d4b3",
    "\ufffe",
    "'",
    '"',
    "\\",
    "%",
    "________________________________________",
    "2020-01-01T00:00:00Z",
    "2020-02-30",
    "9999-12-31T23:59:59.999+14:00",
    "0000-00-00",
    "-1",
    "1e400",
    "NaN",
    "INF",
    "true",
    "<a/>",
    "&amp;",
    "]]>",
    "${jndi:x}",
    "../../etc/passwd",
    'Robert\'); DROP TABLE "Rule";--',
    "a" * 70_000,
)
"""Values that are texts."""
NUMBERS = (0, -1, 1, 2**31, 2**53 + 1, 2**63 - 1, 2**63, -(2**63), 2**64, 10**400, 1e308, -1e-320, 0.1)
CONTENT_TYPES = (
    "application/json",
    "text/plain",
    "multipart/form-data",
    "multipart/form-data; boundary=x",
    "text/xml; charset=utf-16",
    "text/xml; charset=nonsense",
    "application/x-www-form-urlencoded",
    "application/x-www-form-urlencoded; charset=latin-1",
    "",
    "*/*;q=x",
    "application/soap+xml",
    "a" * 3000,
)
ENTITIES = (
    "Dataset",
    "Datafile",
    "Investigation",
    "Rule",
    "PublicStep",
    "UserGroup",
    "DatasetParameter",
    "Job",
    "Study",
    "Facility",
)
