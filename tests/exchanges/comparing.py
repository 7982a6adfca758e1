"""Where a recorded answer and another one differ."""

from __future__ import annotations

import json
from typing import Any

from tests.exchanges.answers import Answer


def difference(wanted: Answer, got: Answer, step: dict[str, Any], strict: bool) -> str | None:
    """None, or a text that says where two answers differ."""
    if step.get("status_only"):
        alike = wanted["status"] // 100 == got["status"] // 100
        return None if alike else f"status {got['status']}, not {wanted['status']}"
    if not strict and step.get("any_error") and wanted["status"] >= 400:
        return None if got["status"] >= 400 else f"success instead of status {wanted['status']}"
    if "fault" in wanted and "fault" in got:
        return fault_difference(wanted, got, step, strict)
    return unequal(wanted, got, step.get("tol", 1e-9), "")


def fault_difference(wanted: Answer, got: Answer, step: dict[str, Any], strict: bool) -> str | None:
    kind, other = wanted["fault"], got["fault"]
    accepted = [kind.get("type")] + ([] if strict else step.get("also", []))
    if other.get("type") not in accepted:
        return f"fault {other.get('type')}, not {' or '.join(map(str, accepted))} ({kind['message'][:80]!r})"
    if other.get("type") == kind.get("type") and wanted["status"] != got["status"]:
        return f"status {got['status']}, not {wanted['status']}"
    if max(kind.get("offset", -1), -1) != max(other.get("offset", -1), -1):
        return f"offset {other.get('offset')}, not {kind.get('offset')}"
    if step.get("message") and other.get("type") == kind.get("type") and kind["message"] != other["message"]:
        return f"message {other['message'][:160]!r}, not {kind['message'][:160]!r}"
    return None


def is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def unequal(wanted: Any, got: Any, tolerance: float, path: str) -> str | None:
    if is_number(wanted) and is_number(got):
        exact = type(wanted) is int and type(got) is int
        close = wanted == got if exact else abs(wanted - got) <= tolerance * max(1.0, abs(wanted))
        return None if close else f"{path}: {got!r}, not {wanted!r}"
    if type(wanted) is not type(got):
        return f"{path}: {json.dumps(got)[:160]}, not {json.dumps(wanted)[:160]}"
    if isinstance(wanted, dict):
        for key in sorted(wanted.keys() | got.keys()):
            if key not in got or key not in wanted:
                state = "missing" if key in wanted else "not expected"
                return f"{path}/{key}: {state} ({json.dumps((wanted if key in wanted else got)[key])[:120]})"
            found = unequal(wanted[key], got[key], tolerance, f"{path}/{key}")
            if found:
                return found
        return None
    if isinstance(wanted, list):
        if len(wanted) != len(got):
            return f"{path}: {len(got)} items, not {len(wanted)}"
        found = (unequal(a, b, tolerance, f"{path}[{i}]") for i, (a, b) in enumerate(zip(wanted, got, strict=True)))
        return next((text for text in found if text), None)
    return None if wanted == got else f"{path}: {got!r}, not {wanted!r}"
