"""A run against one target: random requests for a time, and what came of them."""

from __future__ import annotations

import json
import random
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count

from tests.exchanges.own_server import PASSWORD
from tests.fuzz.hostile import hostile_queries, hostile_rest, hostile_soap
from tests.fuzz.judge import problem
from tests.fuzz.mutations import Mutator
from tests.fuzz.requests import (
    Request,
    get_request,
    recorded_queries,
    recorded_rest,
    recorded_soap,
    search_request,
    write_request,
)
from tests.fuzz.server import Hanging, Target

WHO = (("db", "nbour"), ("db", "acord"), ("simple", "useroffice"), ("simple", "root"))
"""Who sends the requests, in turns; an attack keeps its sender."""
BETWEEN_SAMPLES = 50
BETWEEN_SESSIONS = 500
GROWTH = 1.25
SLACK_MEGABYTES = 25
"""Memory may grow this much between the second and the last quarter of a long run."""
LONG_RUN_SECONDS = 60
SHOWN = 1_500


@dataclass
class Report:
    target: str
    seed: int
    requests: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    slowest: float = 0.0
    megabytes: list[float] = field(default_factory=list)
    seconds: float = 0.0

    def finish(self, seconds: float) -> None:
        self.seconds = seconds
        quarter = len(self.megabytes) // 4
        if seconds < LONG_RUN_SECONDS or quarter < 2:
            return
        early = statistics.median(self.megabytes[quarter : 2 * quarter])
        late = statistics.median(self.megabytes[-quarter:])
        if late > early * GROWTH + SLACK_MEGABYTES:
            self.problems.append(f"memory grew from {early:.0f} to {late:.0f} MB")

    def __str__(self) -> str:
        start, middle, end = self.megabytes[0], self.megabytes[len(self.megabytes) // 2], self.megabytes[-1]
        statuses = ", ".join(f"{status}: {number}" for status, number in sorted(self.statuses.items()))
        return (
            f"{self.target} (seed {self.seed}): {self.requests} requests in {self.seconds:.0f} s, {statuses}; slowest "
            f"{self.slowest:.2f} s; memory {start:.0f} MB at the start, {middle:.0f} in the middle, {end:.0f} at the "
            f"end; {len(self.problems)} problems"
        )


def run(name: str, target: Target, seed: int, seconds: float, said: Callable[[str], None], most: int = 0) -> Report:
    """Attack for this long, or until the number of requests is reached (0: no number). Problems are told as they are
    found, with the request that led to them."""
    report = Report(name, seed)
    report.megabytes.append(target.megabytes())
    sessions = _sessions(target)
    started = time.monotonic()
    for number, request in enumerate(_requests(name, random.Random(seed))):
        if time.monotonic() - started > seconds or number == (most or -1) or not target.is_alive:
            break
        if number % BETWEEN_SESSIONS == BETWEEN_SESSIONS - 1:
            sessions = _sessions(target)  # some requests end them
        found = _tried(target, request, sessions[number % len(sessions)], report)
        if found is not None:
            report.problems.append(found)
            said(f"request {number}: {found}\n{_shown(request)}")
        if number % BETWEEN_SAMPLES == 0:
            report.megabytes.append(target.megabytes())
    if not target.is_alive:
        report.problems.append("the server died")
    report.megabytes.append(target.megabytes() if target.is_alive else 0)
    report.finish(time.monotonic() - started)
    return report


def _tried(target: Target, request: Request, session: str, report: Report) -> str | None:
    report.requests += 1
    try:
        reply = target.send(request, session)
    except Hanging:
        return "no answer in time"
    report.statuses[reply.status] += 1
    report.slowest = max(report.slowest, reply.seconds)
    return problem(request, reply)


def _sessions(target: Target) -> list[str]:
    return [target.login(plugin, user, PASSWORD) for plugin, user in WHO]


def _requests(name: str, source: random.Random) -> Iterator[Request]:
    """The attacks with a name first, then without end."""
    mutator = Mutator(source)
    if name == "soap":
        yield from hostile_soap()
        yield from _damaged(recorded_soap(), mutator, source)
    elif name == "rest":
        yield from hostile_rest()
        yield from _damaged(recorded_rest(), mutator, source)
    else:
        yield from hostile_queries()
        yield from _queries(mutator, source)


def _damaged(recorded: list[Request], mutator: Mutator, source: random.Random) -> Iterator[Request]:
    while True:
        yield mutator.request(source.choice(recorded))


def _queries(mutator: Mutator, source: random.Random) -> Iterator[Request]:
    """As searches, as texts of get calls and as rules."""
    recorded = recorded_queries()
    for number in count():
        text = mutator.query(source.choice(recorded))
        encoded = text.encode("utf-8", "surrogatepass")
        kind = source.randrange(10)
        if kind == 0:
            yield get_request(encoded, 1 + number % 9)
        elif kind == 1:
            yield write_request(f'{{"Rule": {{"crudFlags": "R", "what": {_json_text(text)}}}}}')
        else:
            yield search_request(encoded)


def _json_text(text: str) -> str:
    return json.dumps(text[:2_000])


def _shown(request: Request) -> str:
    text = f"{request.method} {request.path[:SHOWN]} {request.headers}\n{request.body[:SHOWN]!r}"
    return text.encode("ascii", "backslashreplace").decode()
