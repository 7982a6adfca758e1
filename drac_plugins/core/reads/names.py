"""When two spellings mean the same: instruments, proposals, users."""

from __future__ import annotations

import re

from drac_plugins.core.errors import Invalid

MAX_NAME = 255
"""Length of a name in ICAT."""

MAX_FRAGMENTS = 12
"""More of them do not narrow a search down any further."""

_PROPOSAL = re.compile(r"(ih)?[\s_-]*([a-z]{1,8})[\s_-]*([0-9]{1,10})", re.IGNORECASE | re.ASCII)
_NEITHER_LETTER_NOR_DIGIT = re.compile(r"[^0-9a-z]")


def instrument_key(name: str) -> str:
    """Equal for spellings of one instrument: `id30a1`, `ID30A-1` and ` id30a-1 ` agree."""
    return re.sub(r"[\s_-]", "", name).casefold()


def proposal_key(name: str) -> str:
    """Equal for spellings of one proposal: `HG-123`, `hg123`, `hg-123` agree; leading zeros count."""
    return _NEITHER_LETTER_NOR_DIGIT.sub("", name.lower())


def normal_proposal(text: str) -> str:
    """The canonical spelling: upper case, blocks separated by `-` (`ihls0001` becomes `IH-LS-0001`).

    Raises Invalid when the text does not look like a proposal: an optional IH, letters, digits.
    """
    found = _PROPOSAL.fullmatch(text.strip())
    if found is None:
        raise Invalid(
            f"'{text[:MAX_NAME]}' is not a proposal name: expected letters and digits such as HG-123 or ih-ls-0001"
        )
    return "-".join(block.upper() for block in found.groups() if block)


def proposal_fragments(text: str) -> tuple[str, ...]:
    """Texts that every spelling of the proposal contains, in some case; none when it holds no letter or digit.

    They narrow a search down; names that contain them may still be others, so compare by `proposal_key` afterwards.
    """
    found = _PROPOSAL.fullmatch(text.strip())
    if found is not None:
        return tuple(block for block in found.groups() if block)
    return tuple(dict.fromkeys(proposal_key(text)))[:MAX_FRAGMENTS]
