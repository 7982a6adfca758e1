"""Samples: found by name in an investigation, made when absent, never overwritten."""

from __future__ import annotations

from collections.abc import Collection

from drac_plugins.core.links.lists import fit
from icat_schema.gateway import New, Ref, Select, Session
from icat_schema.gateway.conditions import And, Eq, In
from icat_schema.gateway.errors import ObjectExists
from ingest.domain import DatasetMessage
from ingest.parameters import ParameterTypes

_LONGEST_NAME = 255
_TYPE_FOLDERS = {"RAW_DATA", "PROCESSED_DATA", "NOBACKUP", "raw", "processed", "_nobackup"}


def sample_name(message: DatasetMessage) -> str | None:
    """The element, else the parameter, else the collection's folder; None: the dataset has no sample."""
    candidates = (
        message.sample.name if message.sample else "",
        message.parameter("Sample_name") or "",
        _collection(message.location) or "",
    )
    return next((name.strip()[:_LONGEST_NAME] for name in candidates if name.strip()), None)


def _collection(location: str) -> str | None:
    parts = location.split("/")
    at = next((n for n, part in enumerate(parts) if part in _TYPE_FOLDERS), None)
    return parts[at + 1] if at is not None and at + 2 < len(parts) else None


def find_or_make(session: Session, investigation_id: int, name: str) -> int:
    """Id of the sample of this name. The name is compared as it is, case included."""
    query = Select("Sample", ["id"], where=And(Eq("investigation.id", investigation_id), Eq("name", name)))
    found = session.rows(query)
    if found:
        return int(found[0][0])
    try:
        made = session.write([New("Sample", {"investigation": Ref(investigation_id), "name": name})])
    except ObjectExists:  # another worker was quicker
        return int(session.rows(query)[0][0])
    return made[0]


def find_or_make_all(session: Session, wanted: Collection[tuple[int, str]]) -> dict[tuple[int, str], int]:
    """Ids of samples by investigation and name, in two calls at most. Raises ObjectExists when another worker makes one
    of them at the same time."""
    keys = sorted(set(wanted))
    query = Select("Sample", ["investigation.id", "name", "id"], where=In("name", sorted({name for _, name in keys})))
    rows = session.rows_for(query, "investigation.id", sorted({key for key, _ in keys})) if keys else []
    found = {(investigation, name): int(id_) for investigation, name, id_ in rows}
    missing = [key for key in keys if key not in found]
    made = session.write([New("Sample", {"investigation": Ref(key), "name": name}) for key, name in missing])
    return found | dict(zip(missing, made, strict=True))


def add_parameters(session: Session, types: ParameterTypes, sample_id: int, message: DatasetMessage) -> None:
    """Parameters of the sample element that the sample does not have yet; what is there (from the user office, say) is
    never overwritten."""
    sent = {name: fit(text).text for name, text in (message.sample.parameters if message.sample else ()) if text}
    if not sent:
        return
    known = types.get(sent)
    known |= types.make([name for name in sent if name not in known], "Sample")[0]
    usable = {n: t for n, t in known.items() if "Sample" in t.applicable and t.value_type == "STRING"}
    have = session.rows(
        Select(
            "SampleParameter",
            ["type.name"],
            where=And(Eq("sample.id", sample_id), In("type.name", sorted(usable))),
        )
    )
    missing = sorted(usable.keys() - {name for (name,) in have})
    if missing:
        session.write(
            [
                New("SampleParameter", {"sample": Ref(sample_id), "type": Ref(usable[n].id), "stringValue": sent[n]})
                for n in missing
            ]
        )
