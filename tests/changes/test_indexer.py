"""The published indexer of public data (its own environment, unmodified) hears of new public data through ActiveMQ."""

from __future__ import annotations

import json
import os
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from pyicat_plus.client.main import IcatClient

from tests.producers.chain import Chain, running_chain
from tests.support.activemq import ActiveMQ, activemq
from tests.support.environments import Environment, environment

__all__ = ["activemq"]

pytestmark = [pytest.mark.activemq, pytest.mark.slow, pytest.mark.xdist_group("indexer"), pytest.mark.producers]
PUBLIC = "/data/visitor/md1290/bm18/20260421/RAW_DATA/heart/heart_0001"
SECRET = "/data/visitor/mx2745/id30a1/20260310/RAW_DATA/lyso/lyso_0001"


@dataclass
class Elasticsearch:
    """Takes what the indexer writes. Debian has no Elasticsearch; it knows only the requests that the indexer makes."""

    documents: dict[str, dict[str, Any]] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    port: int = 0


@contextmanager
def running_elasticsearch() -> Iterator[Elasticsearch]:
    taken = Elasticsearch()

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            taken.requests.append(f"{self.command} {self.path}")
            reply: dict[str, Any] = {"acknowledged": True}
            if self.path.split("?")[0].endswith("_bulk"):
                lines = [json.loads(line) for line in body.splitlines() if line.strip()]
                for action, document in zip(lines[::2], lines[1::2], strict=True):
                    taken.documents[str(action["index"]["_id"])] = document
                items = [{"index": {"_id": line["index"]["_id"], "status": 200}} for line in lines[::2]]
                reply = {"errors": False, "items": items, "took": 1}
            text = json.dumps(reply).encode()
            self.send_response(404 if self.command == "HEAD" else 200)
            self.send_header("X-Elastic-Product", "Elasticsearch")
            self.send_header("Content-Type", "application/vnd.elasticsearch+json;compatible-with=9")
            self.send_header("Content-Length", str(0 if self.command == "HEAD" else len(text)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(text)

        do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = _answer  # noqa: N815 - the library's names

        def log_message(self, *_: object) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    taken.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield taken
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def indexer() -> Environment:
    return environment("icat-indexer", "icat-indexer==0.1.1", "pyicat-plus==2.3.*")


@contextmanager
def listening(
    indexer: Environment, chain: Chain, broker: ActiveMQ, index: Elasticsearch, folder: Path
) -> Iterator[None]:
    variables = {
        "ICAT_URL": chain.facade.url,
        "ICAT_USERNAME": "root",
        "ICAT_PASSWORD": "root",
        "ICAT_READER_USERNAME": "reader",
        "ICAT_READER_PASSWORD": "reader",
        "ICAT_AUTH_PLUGIN": "simple",
        "ES_URL": f"http://127.0.0.1:{index.port}",
        "ACTIVEMQ_HOST": "127.0.0.1",
        "ACTIVEMQ_PORT": str(broker.port),
    }
    log = folder / "indexer.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [indexer.script("icat-indexer-listener")],
            env={**os.environ, **variables},
            cwd=folder,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        wait(lambda: b"Listening on ActiveMQ" in log.read_bytes(), log)
        yield
    finally:
        process.terminate()
        process.wait(20)


def wait(condition: Any, log: Path, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, log.read_text()
        time.sleep(0.1)


def announce(chain: Chain, location: str) -> None:
    _, _, _, proposal, beamline, day, *_, dataset = location.split("/")
    start = f"{day[:4]}-{day[4:6]}-{day[6:]}T10:00:00+02:00"
    client = IcatClient(metadata_urls=[chain.broker])
    metadata = {"Sample_name": "heart", "startDate": start, "endDate": start}
    client.store_dataset(beamline=beamline, proposal=proposal, dataset=dataset, path=location, metadata=metadata)
    client.disconnect()


def test_new_public_data_reach_the_index_and_others_do_not(
    activemq: ActiveMQ, indexer: Environment, tmp_path: Path
) -> None:
    events = {"DRAC_EVENTS__BROKERS": f'["127.0.0.1:{activemq.port}"]', "DRAC_EVENTS__SETTLE_SECONDS": "0.5"}
    with running_elasticsearch() as index, running_chain(tmp_path, environment=events) as chain:
        announce(chain, SECRET)
        announce(chain, PUBLIC)  # told before anybody listens: the broker keeps it
        found = chain.dataset(PUBLIC)
        with listening(indexer, chain, activemq, index, tmp_path):
            wait(lambda: str(found["id"]) in index.documents, tmp_path / "indexer.log")
            later = PUBLIC.replace("0001", "0002")
            announce(chain, later)
            second = chain.dataset(later)
            wait(lambda: str(second["id"]) in index.documents, tmp_path / "indexer.log")
        assert {document["location"] for document in index.documents.values()} == {PUBLIC, later}
        assert index.documents[str(found["id"])]["investigationName"] == "MD-1290"
        assert index.documents[str(found["id"])]["sampleName"] == "heart"
