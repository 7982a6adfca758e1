"""Producers that repeat themselves, overtake their raw data, or change their mind."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.journeys.installation import Installation
from tests.journeys.messages import START, Announced, Door
from tests.journeys.registered import check, of_proposal, registered, settled

pytestmark = [pytest.mark.xdist_group("installation"), pytest.mark.slow]


def _folders(installation: Installation, *announced: Announced) -> None:
    for one in announced:
        folder = installation.places.data / one.location.removeprefix("/data/")
        folder.mkdir(parents=True)
        (folder / "data.h5").write_bytes(b"x")


@pytest.fixture
def door(installation: Installation) -> Door:
    return installation.door


def test_the_same_messages_twice_leave_what_they_left_once(installation: Installation, door: Door) -> None:
    raw = Announced("raw", "mx8101", metadata={"Process_note": "first", "definition": "MX"})
    result = Announced("result", "mx8101", raw=[raw.location], metadata={"Process_program": "p"})
    _folders(installation, raw, result)
    door.send(raw.body, result.body)
    settled(door)
    with installation.root() as root:
        once = registered(root, "MX-8101")
        check(once, [raw, result])
        door.send(raw.body, result.body, raw.body)
        # a blank more at the end: another message for the inbox, the same one for the catalogue
        door.send(raw.body + b"\n", result.body + b"\n")
        settled(door)
        assert registered(root, "MX-8101") == once
        assert of_proposal(root, "MX-8101", "ID30A-1") == 1
    assert door.entry(raw.body).repetitions == 2
    assert door.entry(result.body).repetitions == 1


def test_results_that_come_before_their_raw_data_are_linked_when_these_come(
    installation: Installation, door: Door
) -> None:
    raws = [Announced(f"raw_{n}", "mx8102", start=START + timedelta(minutes=n)) for n in range(3)]
    first = Announced("first", "mx8102", raw=[raws[0].location])
    chain = Announced("chain", "mx8102", raw=[first.location, raws[1].location])
    merge = Announced("merge", "mx8102", raw=[raw.location for raw in raws])
    _folders(installation, *raws, first, chain, merge)
    door.send(chain.body, merge.body, first.body)
    settled(door)
    with installation.root() as root:
        early = registered(root, "MX-8102")
        assert early.value(merge.location, "input_datasetIds") is None
        assert early.listed(chain.location, "input_datasetIds") == [early.id(first.location)]
        door.send(*(raw.body for raw in reversed(raws)))
        settled(door)
        found = registered(root, "MX-8102")
        check(found, [*raws, first, chain, merge])
        above = set(found.listed(chain.location, "__full_input_datasetIds"))
        assert above == {found.id(d.location) for d in (first, raws[0], raws[1])}
        below = set(found.listed(raws[0].location, "__full_output_datasetIds"))
        assert below == {found.id(d.location) for d in (first, chain, merge)}


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["in order", "overtaken"])
def test_raw_data_announced_again_with_changed_metadata_end_the_same_in_either_order(
    installation: Installation, door: Door, order: tuple[int, int]
) -> None:
    proposal = f"mx811{order[0]}"
    begun = Announced(
        "raw", proposal, complete=False, minutes=5, metadata={"Process_note": "begun", "MX_numberOfImages": "1"}
    )
    done = replace(begun, complete=True, minutes=9, metadata={"Process_note": "done", "MX_numberOfImages": "400"})
    result = Announced("result", proposal, raw=[begun.location])
    _folders(installation, begun, result)
    messages = [begun.body, done.body]
    door.send(messages[order[0]], result.body)
    settled(door)
    door.send(messages[order[1]])
    settled(door)
    with installation.root() as root:
        found = registered(root, proposal.upper().replace("MX", "MX-"))
        check(found, [done, result])
        assert found.value(done.location, "complete") == "true"
        assert found.value(done.location, "__elapsedTime") == "540000"
        assert [name for _, name in found.samples] == ["lysozyme"]


def test_two_beamlines_and_two_spellings_of_a_proposal_do_not_mix_up(installation: Installation, door: Door) -> None:
    here = Announced("same", "mx8121")
    spelled = Announced("other", "MX 8121", folder=here.location.replace("/same", "/other"))
    there = Announced("same", "mx8121", beamline="bm18")
    _folders(installation, here, spelled, there)
    door.send(here.body, spelled.body, there.body)
    settled(door)
    with installation.root() as root:
        found = registered(root, "MX-8121")
        check(found, [here, spelled, there])
        assert of_proposal(root, "MX-8121", "ID30A-1") == 1
        assert of_proposal(root, "MX-8121", "BM18") == 1
