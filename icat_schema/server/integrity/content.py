"""What is in the tables: rules with a meaning, values that fit their types, counts that are true."""

from __future__ import annotations

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, Select, Table, and_, func, not_, or_, select, update

from icat_schema.definitions import Entity, schema
from icat_schema.server.authz import Rules, check_public_step
from icat_schema.server.entities.validate import APPLICABLE_TO
from icat_schema.server.errors import IcatError
from icat_schema.server.integrity.findings import Finding, Repair
from icat_schema.server.integrity.structure import SHOWN, shown_ids
from icat_schema.server.store.tables import table

VALUE_COLUMNS = {"NUMERIC": "numericValue", "STRING": "stringValue", "DATE_AND_TIME": "dateTimeValue"}


def overlong_texts(connection: Connection) -> Iterator[Finding]:
    """SQLite keeps texts of any length."""
    if connection.dialect.name != "sqlite":
        return
    for entity in schema().entities.values():
        made = table(entity.name)
        for attribute in entity.attributes:
            if attribute.max_length is not None:
                too_long = func.length(made.c[attribute.name]) > attribute.max_length
                yield from _offenders(connection, entity.name, too_long, f"{attribute.name} is too long in")


def rules(connection: Connection) -> Iterator[Finding]:
    """Rules and public steps that mean nothing, so that they allow nothing."""
    made, steps = table("Rule"), table("PublicStep")
    checker = Rules(ZoneInfo("UTC"))
    for id_, flags, what in connection.execute(select(made.c.id, made.c.crudFlags, made.c.what).order_by(made.c.id)):
        try:
            checker.check_rule(flags, what)
        except IcatError as error:
            yield Finding(f"Rule {id_} means nothing: {what} ({error.message})")
    for id_, origin, field in connection.execute(select(steps.c.id, steps.c.origin, steps.c.field)):
        try:
            check_public_step(origin, field)
        except IcatError as error:
            yield Finding(f"PublicStep {id_} means nothing: {error.message}")


def parameters(connection: Connection) -> Iterator[Finding]:
    """Values that their types do not permit."""
    for name, (applicable, _) in APPLICABLE_TO.items():
        made, types = table(name), table("ParameterType")
        joined = select(made.c.id).select_from(made.join(types, types.c.id == made.c.type_id))
        for text, condition in _parameter_faults(made, types, types.c[applicable]):
            ids = connection.execute(joined.where(condition).limit(SHOWN + 1)).scalars().all()
            if ids:
                yield Finding(f"{text}: {shown_ids(name, ids)}")


def _parameter_faults(
    made: Table, types: Table, applicable: ColumnElement[bool]
) -> Iterator[tuple[str, ColumnElement[bool]]]:
    for kind, column in VALUE_COLUMNS.items():
        others = or_(*(made.c[other].is_not(None) for other in VALUE_COLUMNS.values() if other != column))
        misplaced = and_(types.c.valueType == kind, made.c[column].is_(None), others)
        yield f"the value is not of the type {kind}", misplaced
    number = made.c.numericValue
    outside = or_(number < types.c.minimumNumericValue, number > types.c.maximumNumericValue)
    yield "the value is outside the bounds of its type", and_(types.c.enforced, types.c.valueType == "NUMERIC", outside)
    permitted = table("PermissibleStringValue")
    of_type = select(permitted.c.value).where(permitted.c.type_id == types.c.id)
    strange = and_(of_type.exists(), or_(made.c.stringValue.is_(None), made.c.stringValue.not_in(of_type)))
    yield "the value is not one that its type permits", and_(types.c.enforced, types.c.valueType == "STRING", strange)
    yield "the type is not for such objects", not_(applicable)


def file_counts(connection: Connection) -> Iterator[Finding]:
    """fileCount and fileSize against the datafiles. Who registers them need not keep these up: 0 is no fault."""
    for name, sums in (("Dataset", _dataset_sums()), ("Investigation", _investigation_sums())):
        made, found = table(name), sums.subquery()
        differs = or_(
            func.coalesce(made.c.fileCount, 0) != found.c.count, func.coalesce(made.c.fileSize, 0) != found.c.size
        )
        kept = or_(func.coalesce(made.c.fileCount, 0) != 0, func.coalesce(made.c.fileSize, 0) != 0)
        wrong = select(made.c.id).select_from(made.join(found, found.c.id == made.c.id)).where(differs)
        ids = connection.execute(wrong.where(kept).limit(SHOWN + 1)).scalars().all()
        if ids:
            text = f"fileCount or fileSize is not the sum of the datafiles: {shown_ids(name, ids)}"
            yield Finding(text, repair=_count_again(name, sums))
        unkept = connection.execute(select(func.count()).select_from(wrong.where(not_(kept)).subquery())).scalar_one()
        if unkept:
            text = f"fileCount and fileSize are not kept up: {unkept} of {name}"
            yield Finding(text, fault=False, repair=_count_again(name, sums))


def _dataset_sums() -> Select[tuple[int, int, int]]:
    files = table("Datafile")
    size = func.coalesce(func.sum(files.c.fileSize), 0)
    return select(files.c.dataset_id.label("id"), func.count().label("count"), size.label("size")).group_by(
        files.c.dataset_id
    )


def _investigation_sums() -> Select[tuple[int, int, int]]:
    files, datasets = table("Datafile"), table("Dataset")
    size = func.coalesce(func.sum(files.c.fileSize), 0)
    sums = select(datasets.c.investigation_id.label("id"), func.count().label("count"), size.label("size"))
    joined = sums.select_from(files.join(datasets, datasets.c.id == files.c.dataset_id))
    return joined.group_by(datasets.c.investigation_id)


def _count_again(name: str, sums: Select[tuple[int, int, int]]) -> Repair:
    """One statement: the values of all objects that have datafiles."""
    made, found = table(name), sums.subquery()
    change = update(made).where(made.c.id == found.c.id).values(fileCount=found.c.count, fileSize=found.c.size)

    def repair(connection: Connection) -> None:
        connection.execute(change)

    return repair


def _offenders(connection: Connection, name: str, condition: ColumnElement[bool], text: str) -> Iterator[Finding]:
    made = table(name)
    ids = connection.execute(select(made.c.id).where(condition).limit(SHOWN + 1)).scalars().all()
    if ids:
        yield Finding(f"{text} {shown_ids(name, ids)}")


def strange_constants(connection: Connection) -> Iterator[Finding]:
    """Enumerations are stored as positions; one that does not exist cannot be read."""
    for entity in schema().entities.values():
        yield from _strange(connection, entity)


def _strange(connection: Connection, entity: Entity) -> Iterator[Finding]:
    made = table(entity.name)
    for attribute in entity.own_attributes:
        if attribute.is_enum:
            from_ = made.c[attribute.name]
            count = len(schema().enums[attribute.type])
            stored = func.abs(from_)  # a plain number, not the constant
            outside = or_(stored >= count, stored < 0)
            yield from _offenders(connection, entity.name, outside, f"{attribute.name} is no {attribute.type} in")
