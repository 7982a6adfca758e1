"""Questionnaires of one investigation, asked from the tool that holds them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from drac_plugins.core.errors import NotFound, UpstreamBroken
from drac_plugins.core.reads.names import proposal_key
from drac_plugins.core.services import Services
from drac_plugins.core.upstream import Upstream, ask
from icat_schema.gateway import Select, Session
from icat_schema.gateway.conditions import Eq

WHAT = "The tool for data management plans"


class DmpSettings(Upstream):
    """The table `[plugin.dmp]`. The service at `url` is asked with `investigationId` and `investigationName` and
    answers a JSON list of objects with `uuid`."""


def questionnaires(services: Services, session: Session, investigation_id: int, name: str) -> Sequence[dict[str, str]]:
    """Raises NotFound for an investigation that the session does not see or that is called otherwise."""
    rows = session.rows(Select("Investigation", ["name"], Eq("id", investigation_id)))
    if not rows or proposal_key(rows[0][0]) != proposal_key(name):
        raise NotFound(f"There is no investigation {investigation_id} called {name!r} that you may see")
    query = {"investigationId": str(investigation_id), "investigationName": str(rows[0][0])}
    return _checked(ask(services.settings_of("dmp", DmpSettings), WHAT, "plugin.dmp.url", query))


def _checked(answer: Any) -> list[dict[str, str]]:
    if not isinstance(answer, list) or not all(isinstance(item, dict) for item in answer):
        raise UpstreamBroken(f"{WHAT} did not answer a list of questionnaires")
    found = [item.get("uuid") for item in answer]
    if not all(isinstance(uuid, str) and uuid for uuid in found):
        raise UpstreamBroken(f"{WHAT} answered a questionnaire without uuid")
    return [{"uuid": uuid} for uuid in found]
