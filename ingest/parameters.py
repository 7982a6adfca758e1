"""The catalogue's ParameterTypes: found by name, kept, and made for names that nobody defined."""

from __future__ import annotations

import contextlib
import re
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Literal
from zoneinfo import ZoneInfo

from icat_schema.gateway import New, Ref, Select, Session
from icat_schema.gateway.conditions import And, Eq, Ge
from icat_schema.gateway.errors import ObjectExists
from icat_schema.parameters import Vocabulary
from ingest.plan import is_computed
from ingest.values import ParameterType, Unfit, Value, as_value

Holder = Literal["Dataset", "Sample", "Datafile", "Investigation"]
UNDEFINED = "not in the definitions"
REFRESH_SECONDS = 60.0
_HOLDERS: tuple[Holder, ...] = ("Dataset", "Sample", "Datafile", "Investigation")
_UNITS = {"μ": "µ", "\u00b5": "µ", "degree": "deg", "degrees": "deg", "photon/s": "photons/s"}
_MISSPELT = re.compile(r"(MXAutoprocIntegrationScaling_\w+)_cc_ano")
_LONGEST_NAME = 255


@dataclass(frozen=True, slots=True)
class Sorted:
    """Parameters of a message. `values`: what can be stored, by the name to store it under; `aside`: name ->
    (text, reason) of what cannot."""

    values: Mapping[str, Value]
    aside: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


class ParameterTypes:
    """One per process; thread-safe. All types are read once, and again at most once a minute when a name is missing."""

    def __init__(
        self,
        session: Session,
        facility_id: int,
        vocabulary: Vocabulary,
        *,
        unknown: Literal["keep", "quarantine", "drop"] = "keep",
        new_per_day: int = 200,
        zone: ZoneInfo,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._session = session
        self._facility_id = facility_id
        self._vocabulary = vocabulary
        self._unknown = unknown
        self._new_per_day = new_per_day
        self._zone = zone
        self._clock = clock
        self._lock = threading.RLock()
        self._types: dict[str, ParameterType] = {}
        self._read_at: float | None = None
        self._made: tuple[date, int] | None = None

    # ------------------------------------------------------------------------------------------------ look-up

    def get(self, names: Collection[str]) -> dict[str, ParameterType]:
        """Those of the names that the catalogue has a type for."""
        with self._lock:
            if any(name not in self._types for name in names) and self._may_read():
                self._read()
            return {name: self._types[name] for name in names if name in self._types}

    def _may_read(self) -> bool:
        return self._read_at is None or self._clock() - self._read_at >= REFRESH_SECONDS

    def _read(self) -> None:
        applicable = [f"applicableTo{holder}" for holder in _HOLDERS]
        rows = self._session.rows(
            Select(
                "ParameterType",
                [
                    "id",
                    "name",
                    "units",
                    "valueType",
                    "enforced",
                    "minimumNumericValue",
                    "maximumNumericValue",
                    *applicable,
                ],
                where=Eq("facility.id", self._facility_id),
            )
        )
        permitted = self._permitted() if any(row[4] for row in rows) else {}
        by_name: dict[str, list[ParameterType]] = {}
        for id_, name, units, value_type, enforced, low, high, *flags in rows:
            holders = frozenset(holder for holder, flag in zip(_HOLDERS, flags, strict=True) if flag)
            by_name.setdefault(name, []).append(
                ParameterType(
                    id_, name, units, value_type, holders, bool(enforced), low, high, permitted.get(id_, frozenset())
                )
            )
        self._types = {name: self._best(name, types) for name, types in by_name.items()}
        self._read_at = self._clock()

    def _permitted(self) -> dict[int, frozenset[str]]:
        found: dict[int, set[str]] = {}
        for type_id, text in self._session.rows(Select("PermissibleStringValue", ["type.id", "value"])):
            found.setdefault(type_id, set()).add(text)
        return {type_id: frozenset(texts) for type_id, texts in found.items()}

    def _best(self, name: str, types: list[ParameterType]) -> ParameterType:
        """Of several types of one name: the one with the unit of the definition, else without unit, else the oldest."""
        definition = self._vocabulary.get(name)
        wanted = _plain_unit((definition.units if definition else None) or "NA")
        return min(types, key=lambda t: (_plain_unit(t.units) != wanted, t.units != "NA", t.id))

    # ------------------------------------------------------------------------------------------------ messages

    def sort(self, parameters: Iterable[tuple[str, str]]) -> Sorted:
        """Decide for every parameter of a dataset message what is stored, and under which name."""
        named, warnings = self._named(parameters)
        types = self.get(named)
        for old in [name for name in named if name not in types]:
            new = self._today(old)
            if new != old and new in self.get([new]):
                named.setdefault(new, named[old])
                del named[old]
                warnings.append(f"{old} is called {new} today")
        types = self.get(named)
        aside: dict[str, tuple[str, str]] = {}
        foreign = [n for n in named if n not in types or "Dataset" not in types[n].applicable]
        if foreign:
            types, refused = self._admit(foreign, types)
            aside.update({name: (named[name], reason) for name, reason in refused.items()})
        values = self._values(named, types, aside)
        return Sorted(values, aside, (*warnings, *(f"{name}: {reason}" for name, (_, reason) in aside.items())))

    def _named(self, parameters: Iterable[tuple[str, str]]) -> tuple[dict[str, str], list[str]]:
        named: dict[str, str] = {}
        warnings: list[str] = []
        for sent, text in parameters:
            name = sent.strip()
            if not name or text == "" or is_computed(name):
                continue
            if named.get(name, text) != text:
                warnings.append(f"{name} is there twice with different values; the last one counts")
            named[name] = text
        return named, warnings

    def _today(self, name: str) -> str:
        misspelt = _MISSPELT.fullmatch(name)
        if misspelt:
            return f"{misspelt.group(1)}_ccAno"
        old, new = self._vocabulary.get(name), self._vocabulary.get(self._vocabulary.successor(name))
        if old and new and _plain_unit(old.units or "NA") == _plain_unit(new.units or "NA"):
            return new.name
        return name

    def _admit(
        self, names: Collection[str], types: dict[str, ParameterType]
    ) -> tuple[dict[str, ParameterType], dict[str, str]]:
        refused = {name: "its type is not meant for datasets" for name in names if name in types}
        new = [name for name in names if name not in types]
        if self._unknown != "keep":
            reason = "the name is not defined"
            return types, refused | (dict.fromkeys(new, reason) if self._unknown == "quarantine" else {})
        storable = [name for name in new if len(name) <= _LONGEST_NAME and name.isprintable()]
        refused |= dict.fromkeys(set(new) - set(storable), "the name cannot be stored")
        made, over = self.make(storable, "Dataset")
        refused |= dict.fromkeys(over, "too many new names today")
        return types | made, refused

    def _values(
        self, named: Mapping[str, str], types: Mapping[str, ParameterType], aside: dict[str, tuple[str, str]]
    ) -> dict[str, Value]:
        values: dict[str, Value] = {}
        for name, text in named.items():
            if name in aside or name not in types:
                continue
            found = as_value(types[name], text, self._zone)
            if isinstance(found, Unfit):
                aside[name] = (text, found.reason)
            else:
                values[name] = found
        return values

    # ---------------------------------------------------------------------------------------------- new types

    def make(self, names: Collection[str], holder: Holder) -> tuple[dict[str, ParameterType], tuple[str, ...]]:
        """Types for names that nobody defined: text, no unit. Returns them, and the names beyond today's limit."""
        with self._lock:
            room = max(0, self._new_per_day - self._made_today()) if names else 0
            wanted = list(names)[:room]
            if wanted:
                self._create(wanted, holder)
                self._count(len(wanted))
            return {n: self._types[n] for n in wanted if n in self._types}, tuple(n for n in names if n not in wanted)

    def _create(self, names: list[str], holder: Holder) -> None:
        fields = {
            "facility": Ref(self._facility_id),
            "units": "NA",
            "valueType": "STRING",
            "applicableToDataset": True,
            f"applicableTo{holder}": True,
            "description": UNDEFINED,
        }
        for _ in range(3):  # another writer may be quicker with one of them, then the others are tried again
            missing = [name for name in names if name not in self._types]
            if not missing:
                return
            with contextlib.suppress(ObjectExists):
                self._session.write([New("ParameterType", {"name": name, **fields}) for name in missing])
            self._read()

    def _made_today(self) -> int:
        today = datetime.now(self._zone).date()
        if self._made is None or self._made[0] != today:
            midnight = datetime(today.year, today.month, today.day, tzinfo=self._zone).astimezone(UTC)
            condition = And(Eq("description", UNDEFINED), Ge("createTime", midnight))
            self._made = today, self._session.count(Select("ParameterType", ["id"], where=condition))
        return self._made[1]

    def _count(self, made: int) -> None:
        if self._made is not None:
            self._made = self._made[0], self._made[1] + made


def _plain_unit(units: str) -> str:
    return _UNITS.get(units, units.replace("μ", "µ"))
