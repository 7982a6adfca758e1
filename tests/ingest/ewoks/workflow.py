"""Run in the environment of ewoks: executes a workflow of two tasks as its users do, published by the engine itself.

Reads one JSON object from stdin: `engine` (`ewoks` or `ewoksjob`), `upload` (upload_parameters), `keep` (file in which
the engine stores the executed workflow), `fails` (whether the second task fails).
"""

from __future__ import annotations

import json
import sys
from typing import Any

TASK = "ewokscore.tests.examples.tasks.sumtask.SumTask"


def graph(*, fails: bool) -> dict[str, Any]:
    """1 + 2, then + 3; or, to fail, + a text."""
    last: object = "three" if fails else 3
    first = {"id": "first", "task_type": "class", "task_identifier": TASK}
    second = {"id": "second", "task_type": "class", "task_identifier": TASK}
    return {
        "graph": {"id": "sum", "schema_version": "1.1"},
        "nodes": [
            {**first, "default_inputs": [{"name": "a", "value": 1}, {"name": "b", "value": 2}]},
            {**second, "default_inputs": [{"name": "b", "value": last}]},
        ],
        "links": [
            {
                "source": "first",
                "target": "second",
                "data_mapping": [{"source_output": "result", "target_input": "a"}],
            }
        ],
    }


def run(order: dict[str, Any]) -> Any:
    options = {"upload_parameters": order["upload"], "convert_destination": order["keep"]}
    if order["engine"] == "ewoks":
        from ewoks import execute_graph

        return execute_graph(graph(fails=order["fails"]), **options)
    from ewoksjob.client import local

    with local.pool_context():
        return local.submit(args=(graph(fails=order["fails"]),), kwargs=options).result(timeout=120)


if __name__ == "__main__":
    print(json.dumps(run(json.load(sys.stdin))))
