"""Record and replay exchanges with an ICAT 5 server over SOAP and REST, see README.md.

`python -m tests.exchanges record --url http://host:port --cases cases.yaml --out exchanges.jsonl`
`python -m tests.exchanges replay --url http://host:port --in exchanges.jsonl`
`python -m tests.exchanges check --in exchanges.jsonl` replays against an embedded catalogue of its own.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import requests

from tests.exchanges.cases import record, replay, users_of
from tests.exchanges.known import known_differences
from tests.exchanges.own_server import PASSWORD, reference_catalogue
from tests.exchanges.wire import CaseError, Server

RECORDED = Path(__file__).with_name("exchanges.jsonl")


def report(results: Iterable[tuple[str, str | None]], known: Mapping[str, str]) -> int:
    """Print a line per difference and the sum; 1 if anything differs that is not known."""
    passed = failed = meant = 0
    for case, text in results:
        passed, failed = passed + (text is None), failed + (text is not None)
        if text is not None:
            print(f"{case}: {text}", flush=True)
            if case in known:
                meant += 1
                print(f"  meant: {known[case]}")
        elif case in known:
            print(f"{case}: passes; take it out of known.yaml")
    if meant:
        print(f"{meant} of the differences are meant, see docs/reference/embedded-icat.md")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed > meant or not passed else 0


def run(options: argparse.Namespace) -> int:
    if options.command == "check":
        with (
            tempfile.TemporaryDirectory() as folder,
            reference_catalogue(Path(folder), users_of(options.recorded)) as catalogue,
        ):
            results = replay(Server(catalogue.url), PASSWORD, options.recorded, options.only, options.strict)
            return report(results, known_differences())
    server = Server(options.url, options.soap_path, options.rest_path, options.timeout, not options.insecure)
    if options.command == "replay":
        return report(replay(server, options.password, options.recorded, options.only, options.strict), {})
    made, left_out = record(server, options.password, options.cases, options.out)
    for case, reason in left_out.items():
        print(f"{case}: {reason}")
    print(f"{made} cases recorded, {len(left_out)} left out")
    return 1 if left_out else 0


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.exchanges", description="Record and replay exchanges.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("record", "replay"):
        command = commands.add_parser(name)
        command.add_argument("--url", required=True, help="scheme, host and port")
        command.add_argument("--soap-path", default="/ICATService/ICAT")
        command.add_argument("--rest-path", default="/icat")
        command.add_argument("--password", default=PASSWORD, help="of all users")
        command.add_argument("--timeout", type=float, default=60)
        command.add_argument("--insecure", action="store_true", help="do not check TLS certificates")
    commands.choices["record"].add_argument("--cases", required=True, type=Path)
    commands.choices["record"].add_argument("--out", required=True, type=Path)
    commands.choices["replay"].add_argument("--in", dest="recorded", required=True, type=Path)
    commands.add_parser("check").add_argument("--in", dest="recorded", default=RECORDED, type=Path)
    for name in ("replay", "check"):
        commands.choices[name].add_argument("--only", help="regular expression for case ids")
        commands.choices[name].add_argument("--strict", action="store_true", help="accept only what the original did")
    return parser


def main() -> int:
    options = arguments().parse_args()
    try:
        return run(options)
    except (CaseError, OSError, requests.RequestException) as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
