"""What the pages in `docs/clients` say, with the addresses of what runs in place of the usual ones."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

CLIENTS = Path(__file__).parents[2] / "docs" / "clients"


def said(client: str, language: str, addresses: Mapping[str, str]) -> str:
    """All blocks of this language of a client's page, one after the other."""
    text = (CLIENTS / f"{client}.md").read_text(encoding="utf-8")
    blocks = re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert blocks, f"docs/clients/{client}.md has no block of {language}"
    found = "\n".join(blocks)
    for written, actual in addresses.items():
        found = found.replace(written, actual)
    return found


def variables(text: str) -> dict[str, str]:
    """Of a file `.env`."""
    return dict(line.split("=", 1) for line in text.splitlines() if line.strip())
