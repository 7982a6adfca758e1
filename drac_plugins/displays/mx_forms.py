"""What the forms of the MX pages send, checked: settings of the ranking, and ends of a colour scale."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import flask
from werkzeug.datastructures import MultiDict

from displays.colours import Ends
from displays.mx_alternatives import CUTOFFS, NO_SYMMETRY, PARAMETER, PIPELINES, SHELL
from displays.ranking import SHELLS
from displays.ranking_model import STATISTICS
from drac_plugins.core.errors import Invalid
from drac_plugins.displays.mx_settings import LIMITED, SCAN_TYPES

MOST_NAMES = 100
LONGEST_NAME = 100
REMEMBERED_SCALES = 12
"""Scales whose ends one browser remembers; the cookie has room for a few dozen."""
_COOKIE = "mx-scales"


def settings_of(form: MultiDict[str, str]) -> dict[str, Any]:
    """Changes of settings, under their names in `mxsettings`. Only parts that the form has are changed; lists and
    cut-offs are there when the form says so by `with=pipelines` and the like. Raises Invalid."""
    changes: dict[str, Any] = {}
    parts = form.getlist("with")
    if "statistic" in form:
        changes[PARAMETER] = _one_of("statistic", form["statistic"], STATISTICS)
    if "shell" in form:
        changes[SHELL] = _one_of("shell", form["shell"], SHELLS)
    if "symmetry" in form:
        changes[NO_SYMMETRY] = _one_of("symmetry", form["symmetry"], ("first", "ignore")) == "ignore"
    if "pipelines" in parts:
        changes[PIPELINES] = _names("pipelines", form.getlist("pipelines"))
    if "types" in parts:
        changes[SCAN_TYPES] = _names("types", form.getlist("types"))
    if "cutoffs" in parts:
        changes[CUTOFFS] = _cutoffs(form)
    return changes


def choice_of(query: Mapping[str, Any]) -> dict[str, Any]:
    """Settings that a query puts in place of those remembered, for one look."""
    changes: dict[str, Any] = {}
    if query.get("statistic"):
        changes[PARAMETER] = query["statistic"]
    if query.get("shell"):
        changes[SHELL] = query["shell"]
    if query.get("symmetry"):
        changes[NO_SYMMETRY] = query["symmetry"] == "ignore"
    if query.get("cutoffs") == "off":
        changes[CUTOFFS] = {}
    if query.get("pipelines") == "all":
        changes[PIPELINES] = []
    return changes


def query_of(changes: Mapping[str, Any]) -> dict[str, str]:
    """The other way round: settings as a query of a page (see `choice_of`)."""
    query: dict[str, str] = {}
    if PARAMETER in changes:
        query["statistic"] = str(changes[PARAMETER])
    if SHELL in changes:
        query["shell"] = str(changes[SHELL])
    if NO_SYMMETRY in changes:
        query["symmetry"] = "ignore" if changes[NO_SYMMETRY] else "first"
    if CUTOFFS in changes:
        query["cutoffs"] = "off"
    if PIPELINES in changes:
        query["pipelines"] = "all"
    return query


def moved_scales(investigation_id: int) -> dict[tuple[str, str], Ends]:
    """Ends that this browser moved for a session, by shell and statistic; they end with the browser's session."""
    kept = flask.session.get(_COOKIE)
    found = {}
    for key, ends in (kept if isinstance(kept, dict) else {}).items():
        owner, shell, stat = [*str(key).split("|"), "", ""][:3]
        if owner == str(investigation_id) and isinstance(ends, list) and len(ends) == 2:
            found[shell, stat] = Ends(*ends)
    return found


def move_scale(investigation_id: int, form: Mapping[str, str]) -> None:
    """Remember both ends, or forget them when `reset` is sent. Raises Invalid."""
    shell = _one_of("shell", form.get("shell", ""), SHELLS)
    stat = _one_of("statistic", form.get("statistic", ""), STATISTICS)
    key = f"{investigation_id}|{shell}|{stat}"
    kept = flask.session.get(_COOKIE)
    scales = {name: ends for name, ends in (kept if isinstance(kept, dict) else {}).items() if name != key}
    if not form.get("reset"):
        scales[key] = [_number("worst", form.get("worst", "")), _number("best", form.get("best", ""))]
    newest = list(scales.items())[-REMEMBERED_SCALES:]
    flask.session[_COOKIE] = dict(newest)


def _cutoffs(form: Mapping[str, str]) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {}
    for stat in LIMITED:
        for shell in SHELLS:
            text = form.get(f"cutoff_{stat}_{shell}", "").strip()
            if text:
                found.setdefault(stat, {})[shell] = _number(f"cut-off of {shell} {stat}", text)
    return found


def _one_of(field: str, text: str, allowed: Mapping[str, Any] | tuple[str, ...]) -> str:
    if text not in allowed:
        raise Invalid(f"{field}: must be one of {', '.join(allowed)}")
    return text


def _names(field: str, texts: list[str]) -> list[str]:
    names = list(dict.fromkeys(text.strip() for text in texts if text.strip()))
    if len(names) > MOST_NAMES or any(len(name) > LONGEST_NAME for name in names):
        raise Invalid(f"{field}: at most {MOST_NAMES} names of at most {LONGEST_NAME} characters")
    return names


def _number(field: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number) or abs(number) > 1e9:
        raise Invalid(f"{field}: expected a number")
    return int(number) if number == int(number) else number
