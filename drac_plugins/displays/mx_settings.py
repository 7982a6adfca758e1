"""How a reader wants MX results to be ranked: `mxsettings` of the preferences, which other front ends read and write
too, and the pipelines that were ticked. Visitors who are not logged in keep theirs in the cookie of the browser."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import flask

from displays.mx_alternatives import CUTOFFS, NO_SYMMETRY, PARAMETER, PIPELINES, SHELL
from drac_plugins.core import preferences
from drac_plugins.core.errors import Invalid
from drac_plugins.core.web import Caller, services

SCAN_TYPES = "scanTypeFilters"
LIMITED = (
    "completeness",
    "resolution_limit_low",
    "resolution_limit_high",
    "r_meas_all_IPlus_IMinus",
    "mean_I_over_sigI",
    "cc_half",
    "cc_ano",
)
"""Statistics that may have a cut-off, under the names of `mxsettings`."""
DEFAULTS: Mapping[str, Any] = {
    SHELL: "overall",
    PARAMETER: "mean_I_over_sigI",
    NO_SYMMETRY: False,
    SCAN_TYPES: [],
    CUTOFFS: {},
}
"""What a document of `mxsettings` must hold; as long as nobody chose anything the display decides."""
_PART = "mxsettings"
_TICKED = "mxPipelines"
_COOKIE = "mx"
_COOKIE_CHARACTERS = 1500


def saved(caller: Caller) -> dict[str, Any]:
    """The settings in force for a caller; empty if nothing was chosen."""
    if caller.kind != "person":
        kept = flask.session.get(_COOKIE)
        return dict(kept) if isinstance(kept, dict) else {}
    document = preferences.preferences(services(), caller.session)
    found = document.get(_PART)
    settings = dict(found) if isinstance(found, dict) else {}
    ticked = document.get(_TICKED)
    return {**settings, PIPELINES: ticked} if isinstance(ticked, list) and ticked else settings


def remember(caller: Caller, changes: Mapping[str, Any]) -> None:
    """Keep changes of these settings, the others as they are. Raises Invalid for preferences that grow too long."""
    settings = {**DEFAULTS, **saved(caller), **changes}
    ticked = settings.pop(PIPELINES, [])
    if caller.kind != "person":
        kept = {**settings, PIPELINES: ticked}
        if len(json.dumps(kept)) > _COOKIE_CHARACTERS:
            raise Invalid("These are more choices than the browser can keep; log in, or choose fewer")
        flask.session[_COOKIE] = kept
        return
    preferences.change(services(), caller.session, {_PART: settings, _TICKED: ticked})


def forget(caller: Caller) -> None:
    """Back to what the display says."""
    if caller.kind != "person":
        flask.session.pop(_COOKIE, None)
        return
    preferences.change(services(), caller.session, {_PART: None, _TICKED: []})
