"""When two spellings of a proposal or a beamline mean the same."""

from __future__ import annotations


def comparison_key(text: str) -> str:
    """Letters and digits only, case folded: `MX 4321`, `mx-4321` and `MX4321` are one."""
    return "".join(sign for sign in text.casefold() if sign.isalnum())
