"""Other spellings that operators have taught: a message that uses one is read as if it had the meant name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, get_args

from sqlalchemy import Connection, delete, select

from drac_plugins.core.errors import Invalid, NotFound
from drac_plugins.core.quarantine.tables import ingest_alias
from drac_plugins.core.spelling import comparison_key

Kind = Literal["proposal", "beamline", "sample"]
KINDS: tuple[Kind, ...] = get_args(Kind)
_LONGEST = 255


@dataclass(frozen=True, slots=True)
class Alias:
    """`scope`: key of the proposal in which a sample is called so, empty for the other kinds."""

    kind: Kind
    spelling: str
    meant: str
    since: datetime
    made_by: str
    scope: str = ""


@dataclass(frozen=True, slots=True)
class AliasBook:
    """Every alias: (kind, scope, spelling) -> what is meant."""

    meant: Mapping[tuple[str, str, str], str] = field(default_factory=dict)

    def edits(self, proposal: str, beamline: str, sample: str | None) -> dict[str, str]:
        """Fields of a message that read differently because of an alias."""
        found: dict[str, str] = {}
        for kind, text in (("proposal", proposal), ("beamline", beamline)):
            meant = self.meant.get((kind, "", comparison_key(text)))
            if meant is not None:
                found[kind] = meant
        if sample is not None:
            scope = comparison_key(found.get("proposal", proposal))
            meant = self.meant.get(("sample", scope, sample.strip()))
            if meant is not None:
                found["sample"] = meant
        return found


NO_ALIASES = AliasBook()


def book(connection: Connection) -> AliasBook:
    table = ingest_alias
    rows = connection.execute(select(table.c.kind, table.c.scope, table.c.spelling, table.c.meant))
    return AliasBook({(row.kind, row.scope, row.spelling): row.meant for row in rows})


def listing(connection: Connection) -> list[Alias]:
    table = ingest_alias
    rows = connection.execute(select(table).order_by(table.c.kind, table.c.scope, table.c.spelling))
    return [Alias(row.kind, row.spelling, row.meant, row.since, row.made_by, row.scope) for row in rows]


def put(
    connection: Connection, kind: str, spelling: str, meant: str, *, proposal: str = "", by: str, now: datetime
) -> Alias:
    """Remember an alias in place of a former one of the same spelling. `proposal`: needed for samples. Raises
    Invalid."""
    alias = _alias(kind, spelling, meant, proposal, by, now)
    _drop(connection, alias.kind, alias.scope, alias.spelling)
    values = {"kind": alias.kind, "scope": alias.scope, "spelling": alias.spelling, "meant": alias.meant}
    connection.execute(ingest_alias.insert().values(**values, since=now, made_by=by[:_LONGEST]))
    return alias


def remove(connection: Connection, kind: str, spelling: str, *, proposal: str = "") -> None:
    """Forget an alias. Raises NotFound."""
    scope = comparison_key(proposal) if kind == "sample" else ""
    if not _drop(connection, kind, scope, _key(kind, spelling)):
        raise NotFound(f"There is no alias of the {kind} {spelling!r}")


def _drop(connection: Connection, kind: str, scope: str, spelling: str) -> int:
    table = ingest_alias
    gone = connection.execute(
        delete(table).where(table.c.kind == kind, table.c.scope == scope, table.c.spelling == spelling)
    )
    return gone.rowcount


def _key(kind: str, spelling: str) -> str:
    return spelling.strip() if kind == "sample" else comparison_key(spelling)


def _alias(kind: str, spelling: str, meant: str, proposal: str, by: str, now: datetime) -> Alias:
    found = next((known for known in KINDS if known == kind), None)
    if found is None:
        raise Invalid(f"There are no aliases of {kind!r}; kinds are {', '.join(KINDS)}")
    key, meant = _key(kind, spelling), meant.strip()
    scope = comparison_key(proposal) if found == "sample" else ""
    if not (key and meant and (scope or found != "sample")):
        raise Invalid("An alias needs a spelling and what is meant; that of a sample its proposal too")
    if max(len(key), len(meant), len(scope)) > _LONGEST or not (key + meant).isprintable():
        raise Invalid(f"Names in an alias have at most {_LONGEST} printable characters")
    if found != "sample" and key == comparison_key(meant):
        raise Invalid(f"{spelling!r} and {meant!r} are compared as equal already")
    return Alias(found, key, meant, now, by[:_LONGEST], scope)
