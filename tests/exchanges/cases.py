"""Case files and recorded exchanges: expand, record, replay."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import requests
import yaml

from tests.exchanges.comparing import difference
from tests.exchanges.names import read_meta
from tests.exchanges.runner import Runner
from tests.exchanges.wire import CaseError, Server

FAILURES = (CaseError, requests.RequestException, ValueError, KeyError, TypeError, AttributeError, IndexError)
"""What an answer of an unexpected form can cause while a case is carried out."""


def users_of(recorded: Path) -> dict[str, dict[str, str]]:
    """The users that recorded exchanges are made with: plugin and username by the name that the cases use."""
    users: dict[str, dict[str, str]] = _head(recorded)["users"]
    return users


def _head(recorded: Path) -> dict[str, Any]:
    """The first line of recorded exchanges. Raises CaseError if it is something else."""
    with recorded.open(encoding="utf-8") as lines:
        try:
            head = json.loads(lines.readline())
        except ValueError:
            head = None
    if not isinstance(head, dict) or not {"meta", "users"} <= head.keys():
        raise CaseError(f"{recorded} does not start with the entities and users of recorded exchanges, see README.md")
    return head


def expand(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """All cases of a case file: fixtures put in front, one case per user, single calls as one step."""
    for entry in document["cases"]:
        case = dict(entry)
        users = case.pop("users", None)
        if "steps" not in case:
            case["steps"] = [{key: case.pop(key) for key in list(case) if key not in ("id", "user", "note", "with")}]
        before = [step for name in case.pop("with", []) for step in document["fixtures"][name]]
        case["steps"] = [shorthand(step) for step in before + case["steps"]]
        if users is None:
            yield case
        for user in users or ():
            yield {**case, "id": f"{case['id']}@{user}", "user": user}


def shorthand(step: dict[str, Any]) -> dict[str, Any]:
    if {"soap", "rest", "envelope", "wsdl"} & step.keys():
        return step
    return {"soap": "search", **step}


def record(server: Server, password: str, cases: Path, out: Path) -> tuple[int, dict[str, str]]:
    """Write the exchanges to `out`; returns how many there are, and the cases left out with their reasons."""
    document = yaml.safe_load(cases.read_text(encoding="utf-8"))
    meta = read_meta(server)
    runner = Runner(server, meta, document["users"], password)
    seen: set[str] = set()
    broken: dict[str, str] = {}
    with out.open("w", encoding="utf-8") as lines:
        lines.write(_line({"meta": meta, "users": document["users"]}))
        for case in expand(document):
            if case["id"] in seen:
                raise CaseError(f"two cases named {case['id']}")
            seen.add(case["id"])
            try:
                lines.write(_line({**case, "answers": runner.run(case)}))
            except (CaseError, requests.RequestException) as error:
                broken[case["id"]] = str(error)
    return len(seen) - len(broken), broken


def _line(item: dict[str, Any]) -> str:
    return json.dumps(item, ensure_ascii=False, sort_keys=True) + "\n"


def replay(
    server: Server, password: str, recorded: Path, only: str | None = None, strict: bool = False
) -> Iterator[tuple[str, str | None]]:
    """Carry out recorded cases; yields for each its id and where it differs, None if it does not."""
    head = _head(recorded)
    runner = Runner(server, head["meta"], head["users"], password)
    with recorded.open(encoding="utf-8") as lines:
        next(lines)
        for case in map(json.loads, lines):
            if only is None or re.search(only, case["id"]):
                yield case["id"], check(runner, case, strict)


def check(runner: Runner, case: dict[str, Any], strict: bool) -> str | None:
    try:
        answers = runner.run(case)
    except FAILURES as error:
        return f"cannot be carried out: {type(error).__name__} {error}"
    for number, (step, wanted, got) in enumerate(zip(case["steps"], case["answers"], answers, strict=False), 1):
        text = difference(wanted, json.loads(json.dumps(got)), step, strict)
        if text:
            return f"step {number}: {text}" if len(case["steps"]) > 1 else text
    return None
