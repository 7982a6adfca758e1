"""The page of one dataset with its files and parameters, and datasets side by side."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

from flask import Response, render_template, request, url_for
from marshmallow import validate

from displays.ranking_model import STATISTICS
from drac_plugins.core.errors import Invalid
from drac_plugins.core.web import Caller, Text, json_reply
from drac_plugins.displays import service
from drac_plugins.displays.comparing import MOST_COMPARED, comparison
from drac_plugins.displays.pages import Paged, blueprint, view_of
from drac_plugins.displays.presenting import grouped_parameters, offered
from drac_plugins.displays.routes import library, reader
from drac_plugins.displays.schemas import SHELLS, Preferences

LINEAGE_FORMS = {"json": "JSON graph", "prov": "PROV-JSON", "rocrate": "RO-Crate"}
_ID = re.compile(r"[0-9]{1,18}")
_FORMULA = re.compile(r"[=@\t\r]|[+-](?![0-9.])")
"""What a spreadsheet would compute instead of show."""


class OneDataset(Preferences):
    display = Text(load_default=None, validate=validate.Length(max=100))
    find = Text(load_default="", validate=validate.Length(max=200))


class Compared(Preferences):
    only_ = Text(load_default="", data_key="only", validate=validate.OneOf(("", "differences")))


@blueprint.route("/datasets/<id:datasetId>")
@blueprint.page_caller()
@blueprint.arguments(OneDataset)
def dataset(caller: Caller, query: dict[str, Any], dataset_id: int) -> str:
    """One dataset under its display, with the reasons"""
    known = library()
    whom = reader(caller, query)
    page = service.dataset_page(view_of(caller), known, whom, dataset_id, query["display"])
    return render_template(
        "portal/dataset.html",
        page=page,
        view=page.view,
        why=page.resolved.resolution.explain().as_dict(),
        parameters=grouped_parameters(page.resolved.dataset, known.vocabulary, query["find"]),
        query=query,
        settings=whom.settings,
        shells=SHELLS,
        statistics=STATISTICS,
        lineage_forms=LINEAGE_FORMS if offered("processed") else {},
        downloads=offered("ids"),
        looks=offered("h5grove") and caller.kind == "person",
    )


@blueprint.route("/datasets/<id:datasetId>/files")
@blueprint.page_caller()
@blueprint.arguments(Paged)
def files(caller: Caller, query: dict[str, Any], dataset_id: int) -> str:
    """All files of a dataset, page by page"""
    view = view_of(caller)
    resolved = service.resolve(view, library(), dataset_id)
    return render_template(
        "portal/files.html",
        dataset=resolved.dataset,
        found=service.files(view, dataset_id, query["q"], query["page"]),
        query=query,
        downloads=offered("ids"),
        looks=offered("h5grove") and caller.kind == "person",
    )


@blueprint.route("/datasets/<id:datasetId>/files/<id:datafileId>")
@blueprint.page_caller()
def inside(caller: Caller, dataset_id: int, datafile_id: int) -> str:
    """What is in an HDF5 file: its default plot and its tree, asked for by the script of the page"""
    view = view_of(caller)
    resolved = service.resolve(view, library(), dataset_id)
    found = service.file(view, dataset_id, datafile_id)
    return render_template(
        "portal/hdf5.html",
        dataset=resolved.dataset,
        file=found,
        looks=offered("h5grove") and caller.kind == "person",
        downloads=offered("ids"),
    )


@blueprint.route("/datasets/<id:datasetId>/parameters.<form>")
@blueprint.page_caller()
def parameters(caller: Caller, dataset_id: int, form: str) -> Response:
    """The parameters of a dataset to keep, as CSV or JSON"""
    if form not in ("csv", "json"):
        raise Invalid("Parameters are offered as csv and json")
    known = library()
    resolved = service.resolve(view_of(caller), known, dataset_id)
    lines = [line for group in grouped_parameters(resolved.dataset, known.vocabulary).values() for line in group]
    if form == "json":
        reply = json_reply([{"name": one.name, "value": one.value, "unit": one.unit or None} for one in lines])
    else:
        table = io.StringIO(newline="")
        rows = csv.writer(table)
        rows.writerow(("name", "value", "unit"))
        rows.writerows((one.name, _harmless(one.value), one.unit) for one in lines)
        reply = Response(table.getvalue(), content_type="text/csv; charset=utf-8")
    reply.headers["Content-Disposition"] = f'attachment; filename="parameters-{dataset_id}.{form}"'
    return reply


@blueprint.route("/compare")
@blueprint.page_caller()
@blueprint.arguments(Compared)
def compare(caller: Caller, query: dict[str, Any]) -> str:
    """Datasets side by side, what differs marked"""
    chosen = _chosen(request.args.getlist("datasets"))
    return render_template(
        "portal/comparison.html",
        found=comparison(view_of(caller), library(), reader(caller, query), chosen),
        only=query["only_"],
        here=url_for("portal.compare", datasets=list(chosen)),
        chosen=chosen,
    )


def _chosen(given: list[str]) -> tuple[int, ...]:
    """Ids, each once, from as many `datasets` as the address has, which may be lists."""
    texts = [text.strip() for one in given for text in one.split(",") if text.strip()]
    if wrong := [text for text in texts if not _ID.fullmatch(text)]:
        raise Invalid(f"datasets: {wrong[0][:40]!r} is no id of a dataset")
    ids = tuple(dict.fromkeys(map(int, texts)))
    if not 2 <= len(ids) <= MOST_COMPARED:
        raise Invalid(
            f"Choose from two to {MOST_COMPARED} datasets to compare, not {len(ids)}: go back, tick their boxes and "
            "press “Compare” again"
        )
    return ids


def _harmless(value: str) -> str:
    return f"'{value}" if _FORMULA.match(value) else value
