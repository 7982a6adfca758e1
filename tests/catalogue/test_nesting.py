"""How outputs are put below their inputs, without a catalogue: whatever producers declare as links, it ends."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drac_plugins.core.errors import Invalid
from drac_plugins.core.reads.dataset_rows import Draft, Head
from drac_plugins.core.reads.nesting import MAX_LEVELS, arranged
from drac_plugins.core.reads.records import DatasetRecord

Tree = dict[int, "Tree"]


def drafts(links: Mapping[int, Sequence[int]]) -> dict[int, Draft]:
    keys = {*links, *(key for outputs in links.values() for key in outputs)}
    return {
        key: Draft(
            Head(key, f"d{key}", None, None, None, True, "acquisition", None, None),
            output_ids=tuple(dict.fromkeys(links.get(key, ()))),
        )
        for key in sorted(keys)
    }


def tree(records: Sequence[DatasetRecord]) -> Tree:
    return {record.id: tree(record.outputs) for record in records}


def nested(links: Mapping[int, Sequence[int]], top: Sequence[int]) -> Tree:
    return tree(arranged(drafts(links), top, {}, nested=True))


def test_outputs_stand_below_every_dataset_that_they_came_from() -> None:
    links = {1: [3, 9], 2: [4, 9], 9: [10]}
    assert nested(links, [1, 2]) == {1: {3: {}, 9: {10: {}}}, 2: {4: {}, 9: {10: {}}}}


def test_a_diamond_shows_the_result_on_both_ways() -> None:
    assert nested({1: [2, 3], 2: [4], 3: [4]}, [1]) == {1: {2: {4: {}}, 3: {4: {}}}}


def test_a_circle_ends_where_it_would_come_back() -> None:
    assert nested({1: [2], 2: [3], 3: [1, 2]}, [1]) == {1: {2: {3: {}}}}


def test_a_dataset_that_names_itself_has_no_output() -> None:
    assert nested({1: [1]}, [1]) == {1: {}}


def test_outputs_that_cannot_be_read_are_left_out() -> None:
    known = drafts({1: [2, 3]})
    del known[2]
    assert tree(arranged(known, [1], {}, nested=True)) == {1: {3: {}}}


def test_without_nesting_nothing_is_below() -> None:
    assert tree(arranged(drafts({1: [2]}), [1], {}, nested=False)) == {1: {}}


def test_a_chain_of_thousands_is_cut_before_decoders_give_up() -> None:
    length = 5 * sys.getrecursionlimit()
    found = arranged(drafts({key: [key + 1] for key in range(1, length)}), range(1, length + 1), {}, nested=True)
    assert max(_depth(record) for record in found) == MAX_LEVELS


def test_diamonds_upon_diamonds_are_refused_instead_of_doubling_forever() -> None:
    tops = range(1, 75, 3)
    links = {key: [key + 1, key + 2] for key in tops} | {key + way: [key + 3] for key in tops for way in (1, 2)}
    with pytest.raises(Invalid, match="without nested"):
        nested(links, [1])


@settings(deadline=None)
@given(st.dictionaries(st.integers(1, 8), st.lists(st.integers(1, 8), max_size=4), min_size=1, max_size=8))
def test_any_links_make_a_finite_tree_without_repetition_on_a_way(links: dict[int, list[int]]) -> None:
    for record in arranged(drafts(links), list(links), {}, nested=True):
        _assert_no_repetition(record, ())


def _assert_no_repetition(record: DatasetRecord, way: tuple[int, ...]) -> None:
    assert record.id not in way
    ids = [output.id for output in record.outputs]
    assert len(ids) == len(set(ids))
    for output in record.outputs:
        _assert_no_repetition(output, (*way, record.id))


def _depth(record: DatasetRecord) -> int:
    return 1 + max((_depth(output) for output in record.outputs), default=0)
