"""What goes over the wire."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from drac_plugins.core.inbox import EDITABLE
from drac_plugins.core.quarantine.aliases import KINDS
from drac_plugins.core.quarantine.words import CAUSES
from drac_plugins.core.web import Flag, Ids, QuerySchema, Text, WholeNumber, WireDateTime

STATES = ("received", "ready", "working", "waiting", "done", "quarantined")
_NAME = validate.Length(min=1, max=255)


class _Strict(ma.Schema):
    class Meta:
        unknown = ma.RAISE


class FileDocument(_Strict):
    location = Text(required=True, validate=validate.Length(min=1, max=4096))
    size = WholeNumber(load_default=None, validate=validate.Range(min=0))
    parameters = fields.Dict(keys=Text(validate=_NAME), load_default=dict)


class SampleDocument(_Strict):
    name = Text(required=True, validate=_NAME)
    type = Text(load_default=None)
    parameters = fields.Dict(keys=Text(validate=_NAME), load_default=dict)

    @ma.pre_load
    def _name_alone(self, data: Any, **_: Any) -> Any:
        return {"name": data} if isinstance(data, str) else data


class DatasetDocument(_Strict):
    """A dataset message as JSON. `investigation` and `instrument` are taken for proposal and beamline too."""

    proposal = Text(required=True, validate=_NAME)
    beamline = Text(required=True, validate=_NAME)
    name = Text(required=True, validate=_NAME)
    location = Text(required=True, validate=validate.Regexp(r"/", error="must be an absolute path"))
    start_date = Text(required=True, data_key="startDate")
    end_date = Text(required=True, data_key="endDate")
    complete = Flag(load_default=True)
    comment = Text(load_default=None)
    sample = fields.Nested(SampleDocument, load_default=None, allow_none=True)
    inputs = fields.List(Text(validate=validate.Length(min=1, max=4096)), load_default=list)
    files = fields.List(fields.Nested(FileDocument), load_default=list)
    parameters = fields.Dict(keys=Text(validate=_NAME), load_default=dict)

    @ma.pre_load
    def _icat_names(self, data: Any, **_: Any) -> Any:
        if not isinstance(data, dict):
            return data
        return {{"investigation": "proposal", "instrument": "beamline"}.get(key, key): data[key] for key in data}


class DoorQuery(QuerySchema):
    queue = Text(load_default=None, validate=validate.Length(max=255))


class Accepted(ma.Schema):
    message_id = fields.Integer(required=True, data_key="messageId")
    duplicate = fields.Boolean(required=True)
    href = fields.String(required=True, metadata={"description": "where to ask what has become of it"})


class MessageState(ma.Schema):
    """What has become of a message. `reason`, `text`: why it waits or is in quarantine."""

    id = fields.Integer(required=True)
    queue = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf(STATES))
    finished = fields.Boolean(required=True)
    received = WireDateTime(required=True)
    repetitions = fields.Integer(required=True)
    reason = fields.String(allow_none=True)
    text = fields.String(allow_none=True)
    due = WireDateTime(allow_none=True)
    dataset_id = fields.Integer(allow_none=True, data_key="datasetId")
    investigation_id = fields.Integer(allow_none=True, data_key="investigationId")
    location = fields.String(allow_none=True)
    warnings = fields.List(fields.String())


class MessageRow(MessageState):
    """A message as operators see it in a list."""

    source = fields.String()
    last_received = WireDateTime(data_key="lastReceived")
    step = fields.String(allow_none=True)
    attempts = fields.Integer()
    proposal = fields.String(allow_none=True)
    beamline = fields.String(allow_none=True)
    name = fields.String(allow_none=True)
    edits = fields.Dict()
    size = fields.Integer()


class Message(MessageRow):
    """With everything known about it. `body`: its beginning as text; `bodyCut`: how many bytes are not shown."""

    sha256 = fields.String()
    headers = fields.Dict()
    body = fields.String(required=True)
    body_cut = fields.Integer(required=True, data_key="bodyCut")
    meaning = fields.String(allow_none=True)
    cure = fields.String(allow_none=True)


class Selection(QuerySchema):
    """Which messages: every given part must hold."""

    ids = Ids()
    state = Text(load_default="quarantined", validate=validate.OneOf((*STATES, "any")))
    reason = Text(load_default=None, validate=validate.OneOf(tuple(CAUSES)))
    queue = Text(load_default=None, validate=validate.Length(max=255))
    proposal = Text(load_default=None, validate=validate.Length(max=255))
    beamline = Text(load_default=None, validate=validate.Length(max=255))
    contains = Text(load_default=None, validate=validate.Length(max=255))
    since = WireDateTime(load_default=None)


class ListQuery(Selection):
    limit = WholeNumber(load_default=100, validate=validate.Range(min=1, max=1000))
    skip = WholeNumber(load_default=0, validate=validate.Range(min=0))


class MessageList(ma.Schema):
    total = fields.Integer(required=True)
    messages = fields.List(fields.Nested(MessageRow), required=True)


class AliasDocument(_Strict):
    kind = Text(required=True, validate=validate.OneOf(KINDS))
    spelling = Text(required=True, validate=_NAME)
    meant = Text(required=True, validate=_NAME)
    proposal = Text(load_default="", metadata={"description": "in which a sample is called so"})


class AliasQuery(QuerySchema):
    kind = Text(required=True, validate=validate.OneOf(KINDS))
    spelling = Text(required=True, validate=_NAME)
    proposal = Text(load_default="")


class Alias(ma.Schema):
    kind = fields.String()
    spelling = fields.String()
    scope = fields.String()
    meant = fields.String()
    since = WireDateTime()
    made_by = fields.String(data_key="madeBy")


class ReplayDocument(_Strict):
    """`ids`, or a `filter` ({} for all of quarantine); `edits` are put over the messages, "" takes one back."""

    ids = Ids()
    filter = fields.Nested(Selection, load_default=None, allow_none=True)
    edits = fields.Dict(keys=Text(validate=validate.OneOf(EDITABLE)), values=Text(), load_default=dict)
    aliases = fields.List(fields.Nested(AliasDocument), load_default=list)


class Replayed(ma.Schema):
    replayed = fields.Integer(required=True)


class RateDocument(ma.Schema):
    window = fields.String()
    arrived = fields.Integer()
    finished = fields.Integer()
    arrived_per_second = fields.Float(data_key="arrivedPerSecond")
    finished_per_second = fields.Float(data_key="finishedPerSecond")


class ProgressDocument(ma.Schema):
    """How the ingester gets on."""

    lag_seconds = fields.Float(data_key="lagSeconds")
    unfinished = fields.Integer()
    states = fields.Dict(attribute="counters.states")
    quarantined = fields.Dict(attribute="counters.quarantined")
    stages = fields.Dict(attribute="counters.stages")
    stage_lag_seconds = fields.Dict(data_key="stageLagSeconds")
    pending_links = fields.Integer(data_key="pendingLinks")
    old_pending_links = fields.Integer(data_key="oldPendingLinks")
    rates = fields.List(fields.Nested(RateDocument))
    raised = fields.Dict()
    alarms = fields.List(fields.String())
