"""Routes of the group Facility of ICAT+."""

from __future__ import annotations

from collections.abc import Sequence

from drac_plugins.core.web import Blueprint, services
from drac_plugins.facilities import service
from drac_plugins.facilities.schemas import Facility

blueprint = Blueprint("Facilities", __name__, description="The facility and its vocabularies")


@blueprint.route("/facilities")
@blueprint.response(200, Facility(many=True))
def facilities() -> Sequence[service.FacilityRecord]:
    """Facilities of this catalogue"""
    return service.facilities(services())
