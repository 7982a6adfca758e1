"""Differences from the recorded original that are meant, see known.yaml."""

from __future__ import annotations

from pathlib import Path

import yaml

KNOWN = Path(__file__).with_name("known.yaml")


def known_differences() -> dict[str, str]:
    """The reason of each difference that is meant, by case id."""
    reasons: dict[str, str] = yaml.safe_load(KNOWN.read_text(encoding="utf-8")) or {}
    return reasons
