"""Messages become records, or are refused with a reason and a place."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from lxml import etree

from drac_plugins.core.settings import Ingest, Settings
from ingest.domain import DatasetMessage, InvestigationMessage
from ingest.outcome import Refused
from ingest.parse.document import NAMESPACE, read_document
from ingest.parse.schema import validate
from ingest.parse.xml import parse
from tests.ingest.door.conftest import MESSAGES

SETTINGS = Settings()
VALID = sorted(MESSAGES.glob("*.xml"))
MINIMAL = (MESSAGES / "10-raw-minimal.xml").read_bytes()
LOCATION = "/data/visitor/ma1234/id11/20250310/RAW_DATA/calib/calib_0001"


def dataset(body: bytes, configuration: Settings = SETTINGS, **edits: str) -> DatasetMessage:
    message = parse(body, configuration, edits)
    assert isinstance(message, DatasetMessage)
    return message


def corpus(name: str) -> bytes:
    (path,) = MESSAGES.rglob(f"{name}*.xml")
    return path.read_bytes()


def refusal(body: bytes, configuration: Settings = SETTINGS, **edits: str) -> Refused:
    with pytest.raises(Refused) as caught:
        parse(body, configuration, edits)
    return caught.value


def outcome(body: bytes) -> str | None:
    """The reason of the refusal, None when the message is accepted."""
    try:
        parse(body, SETTINGS)
    except Refused as refused:
        return refused.reason if refused.text else "a refusal without words"
    return None


def changed(old: str, new: str, body: bytes = MINIMAL) -> bytes:
    assert old.encode() in body
    return body.replace(old.encode(), new.encode())


class TestCorpus:
    @pytest.mark.parametrize("path", VALID, ids=lambda path: path.stem)
    def test_every_message_of_the_corpus_is_accepted(self, path: Path) -> None:
        message = parse(path.read_bytes(), SETTINGS)
        root = etree.fromstring(path.read_bytes())
        if isinstance(message, InvestigationMessage):
            assert etree.QName(root).localname == "investigation"
            return
        names = [name for name, _ in message.parameters]
        assert len(names) == len(set(names))
        assert {"complete", "beamlineID", "proposal", "datasetName", "location", "startDate", "endDate"} <= set(names)
        assert message.location == root.findtext(f"{{{NAMESPACE}}}location")
        sent = {p[0].text: p[1].text or "" for p in root.iterfind(f"{{{NAMESPACE}}}parameter")}
        kept = dict(message.parameters)
        different = {name for name, value in sent.items() if kept[str(name)] != value}
        assert different == ({"input_datasets"} if path.stem.startswith("48") else set())

    @pytest.mark.parametrize("path", VALID, ids=lambda path: path.stem)
    def test_a_message_without_namespace_is_the_same_message(self, path: Path) -> None:
        body = path.read_bytes()
        bare = re.sub(rb'(</?)tns:| xmlns:tns="[^"]*"', rb"\1", body)
        assert b"tns" not in bare
        assert parse(bare, SETTINGS) == parse(body, SETTINGS)

    @pytest.mark.parametrize(
        ("name", "reason", "place"),
        [
            ("90", "schema", "dataset/startDate, line 1"),
            ("91", "schema", "dataset/location, line 1"),
            ("92", "dates", "endDate"),
            ("94", "xml", "line 1, column 714"),
            ("95", "xml", "document type"),
            ("96", "xml", "line 1"),
        ],
    )
    def test_invalid_messages_are_refused_as_the_index_says(self, name: str, reason: str, place: str) -> None:
        found = refusal(corpus(name))
        assert found.reason == reason
        assert place in found.text

    def test_an_unknown_beamline_is_not_the_parsers_business(self) -> None:
        assert dataset(corpus("93")).beamline == "id99z"


class TestContent:
    def test_a_minimal_dataset(self) -> None:
        message = dataset(MINIMAL)
        assert (message.proposal, message.beamline, message.name) == ("ma1234", "id11", "0001")
        assert message.end - message.start == timedelta(minutes=5)
        assert (message.complete, message.dataset_id, message.files) == (True, None, ())
        assert message.sample is not None
        assert message.sample.name == "calib"

    def test_dates_without_offset_are_in_the_zone_of_the_facility(self) -> None:
        assert dataset(corpus("23")).start.astimezone(UTC).hour == 9

    def test_values_keep_their_blanks_and_names_lose_theirs(self) -> None:
        message = dataset(changed("<tns:value>calib</tns:value>", "<tns:value>  calib\t</tns:value>"))
        assert message.parameter("Sample_name") == "  calib\t"

    def test_awkward_text_survives(self) -> None:
        message = dataset(corpus("25"))
        assert message.sample is not None
        assert all(sign in message.sample.name for sign in '<&"µμ')
        assert message.parameter("Sample_description") == ""

    def test_every_element_of_the_vocabulary_is_read(self) -> None:
        message = dataset(corpus("60"))
        assert (message.complete, message.dataset_id, len(message.files)) == (False, 4711, 3)
        assert message.comment
        assert message.sample is not None
        assert (message.sample.type, len(message.sample.parameters)) == ("crystal", 1)
        assert [file.size is None for file in message.files].count(True) == 1

    def test_old_producers_get_the_parameters_that_they_do_not_send(self) -> None:
        message = dataset(corpus("61"))
        assert message.parameter("datasetName") == "run1"
        assert message.parameter("location") == message.location
        assert (message.parameter("proposal"), message.parameter("beamlineID")) == ("MX4322", "ID30b")
        assert message.parameter("complete") == "true"
        assert message.start.astimezone(UTC) == datetime(2023, 5, 1, 8, 0, 0, 250000, tzinfo=UTC)
        assert message.parameter("Notes_note_00") == "line one\nline µtwo"

    def test_declared_inputs_keep_their_order(self) -> None:
        assert [path.rsplit("/", 1)[-1] for path in dataset(corpus("42")).input_paths] == [
            "ruby_0002",
            "ruby_0005",
            "calib_0001",
        ]
        assert len(dataset(corpus("53")).input_paths) == 200
        assert dataset(MINIMAL).input_paths == ()

    def test_a_path_cut_into_characters_is_put_together_again(self) -> None:
        message = dataset(corpus("48"))
        assert message.input_paths == ("/data/visitor/ch7000/id15a/20250301/RAW_DATA/battery/battery_0001",)
        assert message.parameter("input_datasets") == message.input_paths[0]
        assert "single characters" in message.warnings[0]

    def test_two_paths_cut_into_characters_are_two_paths_again(self) -> None:
        extra = (
            "<tns:parameter><tns:name>input_datasets</tns:name><tns:value>"
            + ",".join("/a/b,/c")
            + "</tns:value></tns:parameter></tns:dataset>"
        )
        assert dataset(changed("</tns:dataset>", extra)).input_paths == ("/a/b", "/c")

    def test_where_root_and_parameter_differ_the_root_wins_with_a_warning(self) -> None:
        message = dataset(changed("<tns:value>0001</tns:value>", "<tns:value>0002</tns:value>"))
        assert (message.name, message.parameter("datasetName")) == ("0001", "0001")
        assert "datasetName" in message.warnings[0]

    def test_another_spelling_in_a_parameter_is_kept(self) -> None:
        message = dataset(changed("<tns:value>ma1234</tns:value>", "<tns:value>MA-1234</tns:value>"))
        assert (message.parameter("proposal"), message.warnings) == ("MA-1234", ())

    def test_comments_and_instructions_inside_a_message_change_nothing(self) -> None:
        body = changed("<tns:value>calib</tns:value>", "<tns:value>ca<!-- x -->l<?y z?>ib</tns:value>")
        assert dataset(body) == dataset(MINIMAL)

    @pytest.mark.parametrize(
        ("text", "number"), [("investigation-start-tz", None), ("70-reschedule", 700002), ("66-", 700003)]
    )
    def test_investigations(self, text: str, number: int | None) -> None:
        (path,) = MESSAGES.glob(f"*{text}*.xml")
        message = parse(path.read_bytes(), SETTINGS)
        assert isinstance(message, InvestigationMessage)
        assert message.investigation_id == number

    def test_an_investigation_without_names_and_id_is_refused(self) -> None:
        body = re.sub(rb"<tns:investigationId>\d*</tns:investigationId>", b"", corpus("70"))
        assert refusal(body).reason == "values"


class TestDates:
    def period(self, start: str, end: str, **ingest: object) -> DatasetMessage:
        body = re.sub(rb"<tns:startDate>[^<]*", f"<tns:startDate>{start}".encode(), MINIMAL)
        body = re.sub(rb"<tns:endDate>[^<]*", f"<tns:endDate>{end}".encode(), body)
        return dataset(body, Settings(ingest=Ingest.model_validate(ingest)))

    def test_clocks_that_differ_a_little_are_put_in_order(self) -> None:
        message = self.period("2025-03-10T10:00:04Z", "2025-03-10T10:00:00Z")
        assert message.end - message.start == timedelta(seconds=4)

    def test_an_end_long_before_the_start_is_refused_or_clamped(self) -> None:
        with pytest.raises(Refused) as caught:
            self.period("2025-03-10T10:00:05Z", "2025-03-10T10:00:00Z")
        assert caught.value.reason == "dates"
        message = self.period("2025-03-10T10:00:05Z", "2025-03-10T10:00:00Z", late_end="clamp")
        assert message.end == message.start
        assert any("set to start" in text for text in message.warnings)

    def test_a_date_the_schema_lets_pass_but_no_calendar_knows(self) -> None:
        with pytest.raises(Refused) as caught:
            self.period("2025-02-29T10:00:00", "2025-03-10T10:00:00Z")
        assert caught.value.reason == "dates"


class TestLocation:
    @pytest.mark.parametrize(
        ("location", "told"),
        [
            ("/etc/ma1234", "does not lie below /data"),
            ("/data/visitor/ma1234/../../../etc", "does not lie below"),
            ("/data/visitor/mx4321/id11/20250310/RAW_DATA/x", "belongs to proposal mx4321"),
            ("/data/visitor/ma1234/../mx4321/id11/20250310/x", "belongs to proposal mx4321"),
            ("/data/id11/inhouse/mx4321/id11/20250310/x", "belongs to proposal mx4321"),
            ("/data/id11/tmp/ma1234/x", "tmp"),
            ("/mnt/multipath-shares/data/id11/tmp/ma1234/x", "tmp"),
            ("/data", "data root itself"),
            ("/data/..", "does not lie below"),
        ],
    )
    def test_a_location_out_of_bounds_is_refused(self, location: str, told: str) -> None:
        found = refusal(changed(f"<tns:location>{LOCATION}", f"<tns:location>{location}"))
        assert found.reason == "location"
        assert told in found.text

    def test_another_spelling_of_the_proposal_in_the_path_is_fine(self) -> None:
        location = LOCATION.replace("ma1234", "MA-1234")
        message = dataset(changed(f"<tns:location>{LOCATION}", f"<tns:location>{location}"))
        assert message.location == location

    def test_an_alias_makes_two_proposals_one(self) -> None:
        location = LOCATION.replace("ma1234", "test17")
        body = changed(f"<tns:location>{LOCATION}", f"<tns:location>{location}")
        assert dataset(body, Settings(ingest=Ingest(proposal_aliases={"test17": "MA-1234"}))).location == location

    def test_a_mount_prefix_is_cut_and_the_parameter_follows(self) -> None:
        body = MINIMAL.replace(LOCATION.encode(), b"/gpfs/jazzy" + LOCATION.encode() + b"//")
        message = dataset(body)
        assert (message.location, message.parameter("location")) == (LOCATION, LOCATION)
        assert any("normalised" in text for text in message.warnings)


class TestEdits:
    def test_an_operator_can_put_fields_right(self) -> None:
        message = dataset(MINIMAL, beamline="ID15A", name="0009", investigationId="12", end="2025-03-10T12:00:00+01:00")
        assert (message.beamline, message.name, message.parameter("investigationId")) == ("ID15A", "0009", "12")
        assert (message.parameter("beamlineID"), message.parameter("datasetName")) == ("ID15A", "0009")
        assert message.end.hour == 12

    def test_a_proposal_set_by_an_operator_need_not_be_that_of_the_folder(self) -> None:
        assert dataset(MINIMAL, proposal="MX-4321").proposal == "MX-4321"

    def test_an_edit_cannot_leave_the_roots(self) -> None:
        assert refusal(MINIMAL, proposal="x", location="/etc").reason == "location"

    def test_an_edit_that_is_no_number_is_refused(self) -> None:
        assert refusal(MINIMAL, investigationId="twelve").reason == "values"


class TestHostile:
    @pytest.mark.parametrize(
        ("body", "reason"),
        [
            (b"", "xml"),
            (b"  \n", "xml"),
            (b"hello", "xml"),
            (b"\x00\x01", "xml"),
            (MINIMAL.decode().encode("utf-16"), "xml"),
            (b"<?xml version='1.0' encoding='latin-1'?><dataset>\xe9</dataset>", "xml"),
            (b'{"datasetId": 5001}', "kind"),
            (b"[1, 2]", "kind"),
            (b"[" * 100_000, "xml"),
            (b"<html/>", "kind"),
            (b"<x:dataset xmlns:x='urn:other'/>", "kind"),
            (b"<x:dataset/>", "xml"),
            (b"<dataset/>", "schema"),
            (b"<dataset/><dataset/>", "xml"),
            (b"<!DOCTYPE dataset><dataset/>", "xml"),
            (b"<!DOCTYPE dataset SYSTEM 'file:///etc/passwd'><dataset/>", "xml"),
            (b"<dataset>&undefined;</dataset>", "xml"),
            (b"<dataset>" * 1000, "size"),
            (b"<dataset " + b" ".join(b"a%d='1'" % n for n in range(60)) + b"/>", "size"),
            (b"<dataset><name>" + b"x" * 5000 + b"</name></dataset>", "size"),
            (b"<dataset><parameter/>" * 1 + b"<parameter/>" * 5001 + b"</dataset>", "size"),
            (b"<dataset><value>" + b"x" * 1_100_000 + b"</value></dataset>", "size"),
        ],
    )  # fmt: skip
    def test_hostile_bodies_are_refused_with_their_reason(self, body: bytes, reason: str) -> None:
        assert refusal(body).reason == reason

    def test_an_entity_bomb_is_refused_unread(self) -> None:
        entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 30))
        body = f'<!DOCTYPE d [<!ENTITY e0 "ha">{entities}]><dataset>&e29;</dataset>'.encode()
        assert "document type" in refusal(body).text

    @pytest.mark.parametrize("text", [" " * 4000, "a" * 4000, "a " * 2000, "\t" * 4000 + "x"])
    @pytest.mark.parametrize("element", ["name", "instrument", "location"])
    def test_long_texts_do_not_stall_the_schema(self, element: str, text: str) -> None:
        body = re.sub(f"<tns:{element}>[^<]*".encode(), f"<tns:{element}>{text}".encode(), MINIMAL, count=1)
        assert refusal(body).reason == "schema"

    def test_five_thousand_parameters_are_read_in_a_moment(self) -> None:
        extra = "".join(
            f"<tns:parameter><tns:name>n{n}</tns:name><tns:value>{n}</tns:value></tns:parameter>" for n in range(4900)
        )
        assert len(dataset(changed("</tns:dataset>", extra + "</tns:dataset>")).parameters) == 4910

    def test_a_comment_of_ten_million_characters_does_not_hurt(self) -> None:
        assert refusal(b"<dataset>" + b"<!-- " + b"x" * 10_000_000 + b" --></dataset>").reason in ("xml", "schema")


def mutations(root: etree._Element) -> st.SearchStrategy[bytes]:
    """A message with one element missing, doubled, renamed, or with another text."""
    count = sum(1 for _ in root.iter())

    def mutate(position: int, how: str, text: str) -> bytes:
        copy = etree.fromstring(etree.tostring(root))
        element = list(copy.iter())[position]
        parent = element.getparent()
        if how == "missing" and parent is not None:
            parent.remove(element)
        elif how == "doubled" and parent is not None:
            parent.insert(0, etree.fromstring(etree.tostring(element)))
        elif how == "unknown":
            element.tag = f"{{{NAMESPACE}}}surprise"
        else:
            element.text = text
        return etree.tostring(copy)

    texts = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=40)
    dates = st.from_regex(
        r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(Z|[+-][0-9]{2}:[0-9]{2})?", fullmatch=True
    )
    how = st.sampled_from(["missing", "doubled", "unknown", "text"])
    return st.builds(mutate, st.integers(0, count - 1), how, texts | dates)


ROOTS = [etree.fromstring(path.read_bytes()) for path in VALID]


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(ROOTS).flatmap(mutations))
def test_a_mutated_message_is_refused_or_valid_but_never_an_accident(body: bytes) -> None:
    if outcome(body) is None:
        validate(read_document(body))


@settings(max_examples=300, deadline=None)
@given(st.sampled_from([path.read_bytes() for path in VALID]), st.data())
@example(MINIMAL, None)
def test_a_message_with_damaged_bytes_is_refused_or_read_but_never_an_accident(
    body: bytes, data: st.DataObject | None
) -> None:
    if data is not None:
        position = data.draw(st.integers(0, len(body) - 1))
        length = data.draw(st.integers(0, 20))
        body = body[:position] + data.draw(st.binary(max_size=20)) + body[position + length :]
    assert outcome(body) in (None, "xml", "schema", "kind", "size", "values", "dates", "location")
