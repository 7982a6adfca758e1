"""Every case that a display engine must get right has a test that bears its number."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
CASES = {
    1: "overlapping dates", 2: "start at the end of a period", 3: "other zones", 4: "the hour that occurs twice",
    5: "default techniques", 6: "two techniques", 7: "other namespaces", 8: "look-alike letters",
    9: "ambiguous names", 10: "a newer ontology", 11: "definition only", 12: "missing parameters",
    13: "null values", 14: "texts among numbers", 15: "values with errors", 16: "per cent against fraction",
    17: "volts and kilovolts", 18: "old and new name", 19: "renamed parameters",
    20: "raw data that come later",
    21: "inputs that are hidden", 22: "chains and cycles", 23: "reprocessing", 24: "nothing passes the cut-offs",
    25: "colour scales at their limits", 26: "20 000 datasets", 27: "ids and paths of different length",
    28: "links", 29: "markup in notes", 30: "broken at reload", 31: "outputs that are hidden",
    32: "merges counted once",
}  # fmt: skip


def test_every_case_has_a_test_of_its_number() -> None:
    files = [*TESTS.glob("displays/test_*.py"), *TESTS.glob("portal/test_*.py")]
    named = {int(found) for file in files for found in re.findall(r"^def test_(\d\d)_", file.read_text(), re.MULTILINE)}
    assert named == CASES.keys()
