"""Lints of one document: parameters, units, scales, techniques and links against the vocabularies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

from displays.conditions import like_pattern
from displays.document import Display, Written
from displays.findings import Finding, Severity, Use, uses
from displays.links import is_allowed, placeholders
from displays.parts import FIELDS, Shown
from displays.quantities import is_unit, same_dimension
from displays.ranking_model import ByNumber
from displays.yaml_lines import Path
from icat_schema.parameters import Vocabulary
from icat_schema.techniques import Techniques

_SHELLS = ("inner", "outer", "overall")
_FACTS = frozenset({*FIELDS, "sampleName"})


class NameLints:
    """Checks one document as written; `display` is the same with everything inherited."""

    def __init__(self, written: Written, display: Display, vocabulary: Vocabulary, techniques: Techniques) -> None:
        self._written = written
        self._display = display
        self._vocabulary = vocabulary
        self._techniques = techniques

    def findings(self) -> Iterator[Finding]:
        """Everything that is wrong or doubtful in this document by itself."""
        for use in uses(self._written.data):
            yield from self._names(use)
            yield from self._units(use)
        yield from self._templates()
        yield from self._shells()
        yield from self._normalise()
        yield from self._scales()
        yield from self._technique_names()
        yield from self._links()
        yield from self._fields()

    def _finding(self, path: Path, severity: Severity, text: str) -> Finding:
        return Finding(self._written.source, self._written.line(path), severity, text)

    def _names(self, use: Use) -> Iterator[Finding]:
        for name in use.names:
            definition = self._vocabulary.get(name)
            if definition is None and not (use.path[0] == "groups" and name in _FACTS):
                yield self._finding(use.path, "error", f"no parameter is called {name!r}; see the definitions")
            elif definition is not None and definition.deprecated:
                successor = self._vocabulary.successor(name)
                if successor == name:
                    yield self._finding(use.path, "error", f"{name} is deprecated and has no successor; leave it out")
                elif successor not in use.names:
                    yield self._finding(use.path, "error", f"{name} is deprecated; put {successor} before it")

    def _units(self, use: Use) -> Iterator[Finding]:
        item = {**self._inherited(use), **use.item}
        unit, from_unit = item.get("unit"), item.get("from_unit")
        for key, spelling in (("unit", unit), ("from_unit", from_unit)):
            if isinstance(spelling, str) and not is_unit(spelling):
                yield self._finding((*use.path[:-1], key), "error", f"{spelling!r} is not a unit")
                return
        if not isinstance(unit, str):
            return
        for name in use.names:
            definition = self._vocabulary.get(name)
            source = from_unit or (definition.units if definition else None)
            if definition is not None and not same_dimension(source, unit):
                stated = f"is in {source}" if source else "has no unit (say which with from_unit)"
                yield self._finding(use.path, "error", f"{name} {stated} and cannot be shown in {unit}")

    def _inherited(self, use: Use) -> Mapping[str, Any]:
        """Unit and from_unit that a column has from its parents."""
        identifier = use.item.get("id")
        found = next((c for c in self._display.columns if identifier and c.id == identifier), None)
        if found is None or use.path[0] != "columns" or len(use.path) != 3:
            return {}
        return {key: value for key in ("unit", "from_unit") if (value := getattr(found, key)) is not None}

    def _templates(self) -> Iterator[Finding]:
        ranking = self._display.ranking
        if "ranking" not in self._written.data or ranking is None:
            return
        for criterion in ranking.criteria:
            if isinstance(criterion, ByNumber):
                stats = {criterion.default.stat} if criterion.default else set()
                stats |= set(criterion.direction) - {"*"} if isinstance(criterion.direction, dict) else set()
                for shell, stat in product(_SHELLS, sorted(stats)):
                    name = criterion.param.replace("{shell}", shell).replace("{stat}", stat)
                    if name not in self._vocabulary:
                        yield self._finding(("ranking", "criteria"), "error", f"no parameter is called {name!r}")

    def _shells(self) -> Iterator[Finding]:
        for i, card in enumerate(self._written.display.cards):
            prefix = next((c.prefix for c in self._display.cards if c.id == card.id), card.prefix)
            for j, row in enumerate(card.rows):
                for stat in row.stat or ():
                    name = f"{prefix}_{card.shells[0]}_{stat}"
                    if name not in self._vocabulary:
                        path: Path = ("cards", i, "rows", j)
                        yield self._finding(path, "error", f"no parameter is called {name!r}; see the definitions")

    def _normalise(self) -> Iterator[Finding]:
        for index, rule in enumerate(self._written.display.normalise):
            path: Path = ("normalise", index)
            pattern = like_pattern(rule.param)
            matched = [definition for definition in self._vocabulary if pattern.fullmatch(definition.name)]
            if not matched:
                yield self._finding(path, "error", f"no parameter fits {rule.param!r}")
            if not is_unit(rule.from_unit):
                yield self._finding(path, "error", f"{rule.from_unit!r} is not a unit")
                continue
            wrong = next((d for d in matched if not same_dimension(rule.from_unit, d.units)), None)
            if wrong is not None:
                defined = wrong.units or "no unit"
                yield self._finding(
                    path, "error", f"{wrong.name} is defined in {defined}; {rule.from_unit} does not convert to it"
                )

    def _scales(self) -> Iterator[Finding]:
        for name, scale in self._written.display.scales.items():
            if scale.worst == scale.best:
                yield self._finding(("scales", name), "error", f"both ends of the scale {name} are {scale.best:g}")

    def _technique_names(self) -> Iterator[Finding]:
        data = self._written.data
        selector = data.get("selector") or {}
        named = [("selector", "techniques", i) for i, _ in enumerate(selector.get("techniques", ()))]
        for path in named:
            yield from self._technique(path, selector["techniques"][path[2]])
        for index, name in enumerate(data.get("ignore_techniques", ())):
            yield from self._technique(("ignore_techniques", index), name)

    def _technique(self, path: Path, name: str) -> Iterator[Finding]:
        state = self._techniques.state(name)
        if state == "current":
            return
        canonical = self._techniques.canonical(name)
        if canonical is not None:
            yield self._finding(path, "error", f"{name} is written in the {_kind(state)}; write {canonical}")
            return
        meant = self._techniques.resolve(name)
        if len(meant) > 1:
            iris = " or ".join(term.iri for term in meant)
            yield self._finding(path, "error", f"{name!r} is ambiguous; write {iris}")
        elif meant:
            yield self._finding(path, "error", f"{name!r} is a name; write the identifier {meant[0].iri}")
        else:
            yield self._finding(path, "error", f"no technique is called {name!r}")

    def _links(self) -> Iterator[Finding]:
        for index, link in enumerate(self._written.display.links):
            template = link.url or ""
            path: Path = ("links", index)
            for name in placeholders(template):
                if name not in _FACTS and name not in self._vocabulary:
                    yield self._finding(
                        path, "error", f"{{{name}}} is never available: no fact or parameter is called so"
                    )
            filled = template
            for name in placeholders(template):
                filled = filled.replace(f"{{{name}}}", "x")
            if template and not is_allowed(filled):
                yield self._finding(path, "error", f"{template!r} is refused: only https and addresses of this site")

    def _fields(self) -> Iterator[Finding]:
        shown: list[tuple[Path, Shown]] = [(("columns", i), c) for i, c in enumerate(self._written.display.columns)]
        for i, card in enumerate(self._written.display.cards):
            shown.extend((("cards", i, "rows", j), row) for j, row in enumerate(card.rows))
        for path, one in shown:
            if one.field is not None and one.field not in FIELDS:
                yield self._finding(path, "warning", f"the catalogue may not offer a field {one.field!r}")


def _kind(state: str) -> str:
    return {"old namespace": "old namespace", "versioned": "form with a version"}.get(state, "wrong spelling")
