"""Copy an object with everything that hangs from it."""

from __future__ import annotations

from sqlalchemy.exc import IntegrityError

from icat_schema.server.entities.columns import columns_of, given_columns
from icat_schema.server.entities.conflicts import first_conflict, stored_rows
from icat_schema.server.entities.delete import Tree, descendants
from icat_schema.server.entities.insert import Node, first_refused, insert_rows, number
from icat_schema.server.entities.validate import EntityChecks, field_problem, text_problem
from icat_schema.server.entities.values import EntityValue
from icat_schema.server.entities.work import Work, denied
from icat_schema.server.errors import IcatError


def clone(work: Work, value: EntityValue) -> int:
    """Copy the stored object with the id of the value, give the copy the attributes of the value, return its id.

    READ is needed on everything that is copied, CREATE on every copy. A reference from one copied object to another
    leads to the copy, all others lead where they led. Raises IcatError.
    """
    name, id_ = value.entity.name, value.id
    if id_ is None or id_ not in stored_rows(work.connection, name, [id_]):
        raise IcatError("NO_SUCH_OBJECT_FOUND", f"{name}:{id_}")
    tree = descendants(work.connection, name, [id_])
    _require_readable(work, tree)
    copies = _copies(work, tree)
    top = copies[name][id_]
    top.row.update(given_columns(value))
    _check(work, top)
    nodes = [top, *(node for part in copies.values() for node in part.values() if node is not top)]
    _store(work, nodes)
    refused = first_refused(work, nodes, "C")
    if refused is not None:
        raise denied("CREATE", refused.columns.entity.name)
    return top.id


def _require_readable(work: Work, tree: Tree) -> None:
    for entity, ids in tree.items():
        if not ids <= set(work.allowed(entity, ids, "R")):
            raise denied("READ", entity)


def _copies(work: Work, tree: Tree) -> dict[str, dict[int, Node]]:
    """New rows by entity and by the id of what they are copies of, numbered, with references among them redirected."""
    copies = {
        entity: {
            old: Node(columns_of(entity), row, 0) for old, row in stored_rows(work.connection, entity, ids).items()
        }
        for entity, ids in tree.items()
    }
    number(work.connection, [node for part in copies.values() for node in part.values()])
    for entity, part in copies.items():
        for relation, column in columns_of(entity).relations:
            targets = copies.get(relation.target, {})
            for node in part.values():
                copy = targets.get(node.row[column])
                if copy is not None:
                    node.row[column] = copy.id
    return copies


def _check(work: Work, top: Node) -> None:
    """Only the first object differs from what is stored already."""
    problem = (
        text_problem(top.columns, top.row)
        or EntityChecks(work.connection, work.rules, [top]).problem(top, created=True)
        or field_problem(top.columns, top.row)
    )
    if problem is not None:
        raise problem


def _store(work: Work, nodes: list[Node]) -> None:
    try:
        with work.connection.begin_nested():
            insert_rows(work, nodes)
    except IntegrityError as error:
        conflict = first_conflict(work.connection, nodes)
        text = f"Unexpected DB response {type(error.orig).__name__} {error.orig}"
        found = conflict or IcatError("INTERNAL", text)
        raise IcatError(found.type, found.message) from error
