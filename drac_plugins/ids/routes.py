"""Routes of the group IDS of ICAT+."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from flask import Response, current_app, request

from drac_plugins.core.apikeys import ARCHIVE
from drac_plugins.core.web import Blueprint, Caller, json_reply, services, text_reply
from drac_plugins.ids import metalink, schemas, service

blueprint = Blueprint("IDS", __name__, description="Files")
_deprecated: Callable[[Callable[..., Response]], Callable[..., Response]] = blueprint.doc(deprecated=True)


@blueprint.route("/ids/data/download")
@blueprint.bearer_or_cookie()
@blueprint.arguments(schemas.DownloadQuery)
@blueprint.response(302)
def download(caller: Caller, query: dict[str, Any]) -> Response:
    """Download datasets or datafiles; redirects to the data service"""
    return _to_the_files(caller, query)


@blueprint.route("/ids/<sessionId>/data/download")
@blueprint.session_in_path(expired=401)
@blueprint.arguments(schemas.DownloadQuery)
@blueprint.response(302)
@_deprecated
def download_of_session(caller: Caller, query: dict[str, Any]) -> Response:
    """Download datasets or datafiles, the older way"""
    return _to_the_files(caller, query)


@blueprint.route("/catalogue/<sessionId>/data/download")
@blueprint.session_in_path(expired=401)
@blueprint.arguments(schemas.DownloadQuery)
@blueprint.response(302)
@_deprecated
def download_from_catalogue(caller: Caller, query: dict[str, Any]) -> Response:
    """Download datasets or datafiles, the oldest way"""
    return _to_the_files(caller, query)


def _to_the_files(caller: Caller, query: dict[str, Any]) -> Response:
    wanted = service.selection(query["dataset_ids"], query["datafile_ids"])
    url = service.download_url(services(), caller, wanted, inline=query["inline"])
    return current_app.make_response(current_app.redirect(url, 302))


@blueprint.route("/ids/data/metalink")
@blueprint.bearer(optional=True, expired=401)
@blueprint.arguments(schemas.DatasetsQuery)
@blueprint.response(200, content_type=metalink.MEDIA_TYPE)
def metalink_of_datasets(caller: Caller, query: dict[str, Any]) -> Response:
    """Addresses of all files of some datasets, for download programs (RFC 5854)"""
    content = metalink.document(service.files(services(), caller, query["dataset_ids"]))
    asked = request.accept_mimetypes.best_match([metalink.MEDIA_TYPE, "text/plain"], metalink.MEDIA_TYPE)
    if asked == "text/plain":
        return text_reply(content.decode())
    return Response(content, content_type=metalink.MEDIA_TYPE)


@blueprint.route("/ids/<sessionId>/datasets/status")
@blueprint.session_in_path(expired=401)
@blueprint.arguments(schemas.DatasetsQuery)
@blueprint.response(200)
def statuses(caller: Caller, query: dict[str, Any]) -> Response:
    """ONLINE, ARCHIVED or RESTORING per dataset, in the order asked"""
    return json_reply(service.statuses(services(), caller.session, query["dataset_ids"]))


@blueprint.route("/ids/<sessionId>/datasets/restore", methods=["POST"])
@blueprint.session_in_path(expired=401)
@blueprint.arguments(schemas.DatasetsQuery)
@blueprint.arguments(schemas.Requester, location="json")
@blueprint.response(200)
def restore(caller: Caller, query: dict[str, Any], who: dict[str, Any]) -> Response:
    """Ask for datasets from the archive"""
    service.restore(services(), caller, query["dataset_ids"], who["name"], who["email"])
    return text_reply("The datasets are being restored")


@blueprint.route("/ids/<sessionId>/path")
@blueprint.session_in_path()
@blueprint.arguments(schemas.PathQuery)
@blueprint.response(200)
def paths(caller: Caller, query: dict[str, Any]) -> Response:
    """Locations of datasets or datafiles"""
    wanted = service.selection(query["dataset_ids"], query["datafile_ids"])
    return json_reply(service.paths(services(), caller.session, wanted, online=query["is_online"]))


@blueprint.route("/dataacquisition/<apiKey>/dataset/restore", methods=["POST"])
@blueprint.api_key(ARCHIVE)
@blueprint.arguments(schemas.RestoreQuery)
@blueprint.arguments(schemas.RestoreResult, location="json")
@blueprint.response(200, schemas.DatasetAccess(many=True))
def restored(
    caller: Caller,  # noqa: ARG001 - checked
    query: dict[str, Any],
    result: dict[str, Any],
) -> Sequence[service.DatasetAccess]:
    """The archive's word about a dataset that people wait for"""
    return service.restored(services(), query["dataset_id"], result["level"], result["message"])
