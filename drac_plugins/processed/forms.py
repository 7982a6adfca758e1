"""A lineage as a JSON graph, as PROV-JSON (W3C) and as RO-Crate metadata. The libraries of the last two are imported
when somebody asks for these forms: they take long."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drac_plugins.core.reads.records import DatasetRecord
from drac_plugins.processed.lineage import Graph, Node

if TYPE_CHECKING:
    from prov.model import ProvActivity, ProvDocument, ProvEntity
    from rocrate.model.contextentity import ContextEntity
    from rocrate.rocrate import ROCrate

_PROCESS_RUN = "https://w3id.org/ro/wfrun/process/0.5"


def edges(graph: Graph) -> list[tuple[int, int]]:
    """(input, output), each once, whichever end names the other."""
    named = [(source, node.dataset.id) for node in graph.nodes.values() for source in node.inputs]
    named += [(node.dataset.id, result) for node in graph.nodes.values() for result in node.outputs]
    return sorted(set(named))


# --------------------------------------------------------------------------------------------------------- JSON


def as_graph(graph: Graph) -> dict[str, Any]:
    """For `LineageSchema`."""
    return {
        "dataset_id": graph.dataset_id,
        "depth": graph.depth,
        "complete": graph.complete,
        "nodes": [_node(node) for node in graph.nodes.values()],
        "edges": [{"input": source, "output": result} for source, result in edges(graph)],
    }


def _node(node: Node) -> dict[str, Any]:
    dataset, job = node.dataset, node.processing
    return {
        "id": dataset.id,
        "name": _name(dataset),
        "type": dataset.type,
        "location": dataset.location,
        "start_date": dataset.start,
        "end_date": dataset.end,
        "sample_name": dataset.sample_name,
        "instrument_name": dataset.instrument,
        "investigation_id": dataset.investigation.id if dataset.investigation else None,
        "level": node.level,
        "processing": job and {"application": job.application, "version": job.version, "arguments": job.arguments},
        "hidden_inputs": node.hidden_inputs,
        "hidden_outputs": node.hidden_outputs,
    }


def _name(dataset: DatasetRecord) -> str:
    return dataset.parameter("datasetName") or dataset.name


# --------------------------------------------------------------------------------------------------------- PROV


def as_prov(graph: Graph, base: str) -> str:
    """PROV-JSON. `base`: address below which the datasets have their pages, with a slash at the end."""
    from prov.model import ProvDocument

    document = ProvDocument()
    document.add_namespace("dataset", f"{base}portal/datasets/")
    document.add_namespace("processing", f"{base}processed/")
    document.add_namespace("software", f"{base}processed/software/")
    document.add_namespace("icat", "https://icatproject.org/schema/")
    entities = {id_: _entity(document, node.dataset) for id_, node in graph.nodes.items()}
    activities = {id_: _activity(document, node) for id_, node in graph.nodes.items() if node.processing}
    for id_, activity in activities.items():
        document.wasGeneratedBy(entities[id_], activity, graph.nodes[id_].dataset.end)
    for source, result in edges(graph):
        if result in activities:
            document.used(activities[result], entities[source])
        document.wasDerivedFrom(entities[result], entities[source])
    return document.serialize(format="json") or ""


def _entity(document: ProvDocument, dataset: DatasetRecord) -> ProvEntity:
    told = {
        "prov:label": _name(dataset),
        "prov:type": f"icat:{dataset.type}",
        "prov:location": dataset.location,
        "icat:sample": dataset.sample_name,
        "icat:instrument": dataset.instrument,
        "icat:investigation": dataset.investigation.name if dataset.investigation else None,
    }
    return document.entity(f"dataset:{dataset.id}", {name: value for name, value in told.items() if value})


def _activity(document: ProvDocument, node: Node) -> ProvActivity:
    job, dataset = node.processing, node.dataset
    assert job is not None
    told: dict[Any, Any] = {"prov:label": f"{job.application} {job.version}"}
    told |= {"icat:arguments": job.arguments} if job.arguments else {}
    told |= {"icat:hiddenInputs": node.hidden_inputs} if node.hidden_inputs else {}
    activity = document.activity(f"processing:{dataset.id}", dataset.start, dataset.end, told)
    names = {"prov:type": "prov:SoftwareAgent", "prov:label": job.application, "icat:version": job.version}
    agent = document.agent(f"software:{software_id(job.application, job.version)}", names)
    document.wasAssociatedWith(activity, agent)
    return activity


def software_id(name: str, version: str) -> str:
    """Letters, digits and a few signs only: it becomes part of an address. Different software keeps different ids."""
    return "".join(c if c.isascii() and (c.isalnum() or c in "._-") else f"~{ord(c):x}~" for c in f"{name}@{version}")


# ----------------------------------------------------------------------------------------------------- RO-Crate


def as_crate(graph: Graph, base: str) -> dict[str, Any]:
    """The metadata document of a crate of the profile Process Run: datasets by the address of their page, and a
    CreateAction for each processing."""
    from rocrate.rocrate import ROCrate

    crate = ROCrate()
    asked = graph.nodes[graph.dataset_id].dataset
    crate.name = f"Lineage of {_name(asked)}"
    crate.description = f"What dataset {asked.id} was computed from, and what was computed from it"
    if not graph.complete:
        crate.description += "; not complete: the graph goes on beyond the depth or the size that was asked for"
    crate.root_dataset["conformsTo"] = {"@id": _PROCESS_RUN}
    crate.add(_entity_of(crate, _PROCESS_RUN, {"@type": "CreativeWork", "name": "Process Run Crate", "version": "0.5"}))
    entities = {id_: crate.add(_crate_dataset(crate, node.dataset, base)) for id_, node in graph.nodes.items()}
    crate.root_dataset["mainEntity"] = entities[graph.dataset_id]
    crate.root_dataset["hasPart"] = list(entities.values())
    used: dict[int, list[ContextEntity]] = {}
    for source, result in edges(graph):
        used.setdefault(result, []).append(entities[source])
    actions = [
        crate.add(_action(crate, node, entities[id_], used.get(id_, []), base))
        for id_, node in graph.nodes.items()
        if node.processing
    ]
    crate.root_dataset["mentions"] = actions
    found: dict[str, Any] = crate.metadata.generate()
    return found


def _crate_dataset(crate: ROCrate, dataset: DatasetRecord, base: str) -> ContextEntity:
    told = {
        "@type": "Dataset",
        "name": _name(dataset),
        "identifier": str(dataset.id),
        "description": dataset.location,
        "dateCreated": dataset.end.isoformat() if dataset.end else None,
        "about": dataset.sample_name,
        "genre": dataset.type,
    }
    return _entity_of(crate, _page(dataset, base), {name: value for name, value in told.items() if value})


def _entity_of(crate: ROCrate, address: str, told: dict[str, Any]) -> ContextEntity:
    from rocrate.model.contextentity import ContextEntity

    return ContextEntity(crate, address, told)


def _action(
    crate: ROCrate, node: Node, result: ContextEntity, objects: list[ContextEntity], base: str
) -> ContextEntity:
    job, dataset = node.processing, node.dataset
    assert job is not None
    software_address = f"{base}processed/software/{software_id(job.application, job.version)}"
    software = crate.add(
        _entity_of(
            crate,
            software_address,
            {"@type": "SoftwareApplication", "name": job.application, "softwareVersion": job.version},
        )
    )
    told = {
        "@type": "CreateAction",
        "name": f"{job.application} {job.version}",
        "description": job.arguments,
        "startTime": dataset.start.isoformat() if dataset.start else None,
        "endTime": dataset.end.isoformat() if dataset.end else None,
        "instrument": software,
        "object": objects or None,
        "result": result,
    }
    if node.hidden_inputs:
        told["disambiguatingDescription"] = f"and {node.hidden_inputs} inputs that you may not see"
    address = f"{base}processed/{dataset.id}"
    action = _entity_of(crate, address, {name: v for name, v in told.items() if isinstance(v, str)})
    for name, value in told.items():
        if value is not None and not isinstance(value, str):
            action[name] = value
    return action


def _page(dataset: DatasetRecord, base: str) -> str:
    """RO-Crate wants the ids of datasets to end with a slash."""
    return f"{base}portal/datasets/{dataset.id}/"
