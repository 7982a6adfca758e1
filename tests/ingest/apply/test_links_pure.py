"""The parts of the link module that need neither store nor catalogue."""

from __future__ import annotations

import string
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drac_plugins.core.links import closure, derive, lists, paths
from drac_plugins.core.links.records import Item, Located, Resolution
from drac_plugins.core.links.resolve import places, resolve
from ingest.names import normalise_location
from ingest.parse.values import input_paths, repaired_inputs

RAW = "/data/visitor/ma1234/id11/20250310/RAW_DATA"
NOON = datetime(2025, 3, 10, 12, tzinfo=UTC)


# --------------------------------------------------------------------------------------------------------- paths


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("/data/visitor/a/b", "/data/visitor/a/b"),
        ("//data//visitor/a/b/", "/data/visitor/a/b"),
        ("/data/visitor/a/./x/../b", "/data/visitor/a/b"),
        ("/mnt/multipath-shares/data/visitor/a/b", "/data/visitor/a/b"),
        ("/gpfs/jazzy/data/visitor/a/b", "/data/visitor/a/b"),
        ("/somewhere/data/id11/inhouse/x", "/data/id11/inhouse/x"),
        ("/home/data/other/x", "/home/data/other/x"),
        ("/data/visitor/A/b", "/data/visitor/A/b"),
    ],
)
def test_two_spellings_of_a_folder_have_the_same_key(path: str, key: str) -> None:
    assert paths.location_key(path, ("/mnt/multipath-shares",)) == key


@given(st.text(alphabet="/.ab " + string.digits, min_size=1, max_size=40).map(lambda text: "/" + text))
def test_the_key_is_the_normalised_location_of_messages(path: str) -> None:
    assert paths.location_key(path, ("/a",)) == normalise_location(path, ("/a",))


def test_a_collection_is_the_highest_folder_that_a_file_can_belong_to() -> None:
    assert paths.ancestors(f"{RAW}/ruby/ruby_0002/scan/x.h5") == (
        f"{RAW}/ruby/ruby_0002/scan",
        f"{RAW}/ruby/ruby_0002",
        f"{RAW}/ruby",
    )
    assert paths.ancestors(f"{RAW}/ruby") == ()


def test_older_and_newer_layout_spell_the_type_folder_differently() -> None:
    assert paths.spellings("/data/visitor/a/b/20230101/raw/c") == ("/data/visitor/a/b/20230101/RAW_DATA/c",)
    assert paths.spellings("/data/visitor/a/b/c") == ()


@pytest.mark.parametrize("text", ["/a/b,/c/d", "/a/b", "/,a,/,b", "/a, /b ,,/a", "", "a,b,c", "/,a"])
def test_declared_paths_are_read_as_the_door_reads_them(text: str) -> None:
    assert paths.split_declared(text) == input_paths(repaired_inputs(text)[0])


# ------------------------------------------------------------------------------------------------------- resolve


def located(number: int, location: str, investigation: int = 1, day: int = 0, proposal: str = "MA-1234") -> Located:
    start = NOON + timedelta(days=day)
    return Located(number, location, location, investigation, proposal, f"d{number}", start, processed=False)


def meaning(near: Located, datasets: list[Located], *declared: str) -> list[Resolution | None]:
    items = [Item(path, paths.location_key(path)) for path in declared]
    wanted = places(items, paths.location_key)
    known: dict[str, list[Located]] = {}
    for dataset in datasets:
        if dataset.location_key in wanted:
            known.setdefault(dataset.location_key, []).append(dataset)
    return list(resolve(items, known, paths.location_key, near=near))


OUT = located(100, "/data/visitor/ma1234/id11/20250310/PROCESSED_DATA/ruby/out")


def test_an_input_means_the_dataset_at_exactly_that_place() -> None:
    raw = located(1, f"{RAW}/ruby/ruby_0001")
    assert meaning(OUT, [raw], raw.location, f"{RAW}/ruby/ruby_0002") == [Resolution(1), None]


def test_a_file_means_the_nearest_dataset_above_it_and_is_marked() -> None:
    datasets = [located(1, f"{RAW}/ruby"), located(2, f"{RAW}/ruby/ruby_0002")]
    assert meaning(OUT, datasets, f"{RAW}/ruby/ruby_0002/ruby_0002.h5") == [Resolution(2, inferred=True)]


def test_a_folder_above_datasets_means_none_of_them() -> None:
    assert meaning(OUT, [located(1, f"{RAW}/ruby/ruby_0001")], f"{RAW}/ruby", RAW) == [None, None]


def test_of_two_datasets_at_one_place_the_one_in_the_same_investigation_wins_then_the_nearest_in_time() -> None:
    place = f"{RAW}/ruby/ruby_0001"
    same, near, far = located(3, place, 1, 50), located(2, place, 2, 1), located(1, place, 3, 9)
    assert meaning(OUT, [far, near, same], place) == [Resolution(3)]
    assert meaning(OUT, [far, near], place) == [Resolution(2)]


def test_an_input_in_the_older_spelling_of_the_layout_is_found() -> None:
    raw = located(1, "/data/visitor/a/b/20230101/RAW_DATA/c/c_1")
    assert meaning(OUT, [raw], "/data/visitor/a/b/20230101/raw/c/c_1") == [Resolution(1)]


def test_a_folder_name_with_a_comma_is_put_together_again() -> None:
    raw, other = located(1, f"{RAW}/ruby/a,b"), located(2, f"{RAW}/ruby/c")
    declared = f"{raw.location},{other.location}".split(",")
    assert meaning(OUT, [raw, other], *declared) == [Resolution(1), Resolution(1), Resolution(2)]


# ------------------------------------------------------------------------------------------------------- closure

edges = st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=20)


@given(edges)
def test_ancestors_and_descendants_are_each_others_inverse(pairs: list[tuple[int, int]]) -> None:
    links = closure.graph(pairs)
    for one in range(8):
        for other in range(8):
            assert (other in closure.ancestors(links, one)) == (one in closure.descendants(links, other))


@given(edges)
def test_nothing_is_its_own_ancestor_and_nothing_is_listed_twice(pairs: list[tuple[int, int]]) -> None:
    links = closure.graph(pairs)
    for node in range(8):
        above = closure.ancestors(links, node)
        assert node not in above
        assert len(set(above)) == len(above)


@given(edges)
def test_the_transitive_lists_begin_with_the_direct_ones(pairs: list[tuple[int, int]]) -> None:
    links = closure.graph(pairs)
    for node in range(8):
        direct = links.inputs.get(node, ())
        assert closure.ancestors(links, node)[: len(direct)] == direct
        assert links.outputs.get(node, ()) == tuple(sorted(links.outputs.get(node, ())))


def test_the_nearest_come_first() -> None:
    links = closure.graph([(4, 3), (4, 2), (3, 1), (2, 1), (1, 0)])
    assert closure.ancestors(links, 4) == (3, 2, 1, 0)
    assert closure.descendants(links, 0) == (1, 2, 3, 4)


# --------------------------------------------------------------------------------------------------------- lists


@given(st.lists(st.integers(1, 10**9), unique=True), st.integers(0, 60))
def test_a_list_is_cut_between_items_and_read_back(ids: list[int], limit: int) -> None:
    fitted = lists.render(ids, limit)
    assert len(fitted.text) <= limit
    kept = lists.read_ids(fitted.text)
    assert kept == tuple(ids)[: len(kept)]
    assert fitted.whole == (len(" ".join(map(str, ids))) <= limit)


@pytest.mark.parametrize("text", ["1 2 3", "1,2,3", "1, 2 ,3", " 1 2,3 ", "1 x 2 1 3"])
def test_lists_are_read_with_blanks_or_commas(text: str) -> None:
    assert lists.read_ids(text) == (1, 2, 3)


def test_a_long_value_ends_at_a_separator() -> None:
    assert lists.fit("/aaa,/bbb,/ccc", 11) == lists.Fitted("/aaa,/bbb", whole=False)
    assert lists.fit("abcdef", 3) == lists.Fitted("abc", whole=False)
    assert lists.fit("abc", 3) == lists.Fitted("abc", whole=True)


def test_names_of_cut_values_are_kept_up_to_date() -> None:
    assert lists.truncated("a b", decided={"a"}, cut=()) == "b"
    assert lists.truncated("b", decided={"a"}, cut={"a"}) == "a b"
    assert lists.truncated("a", decided={"a"}, cut=()) is None


# -------------------------------------------------------------------------------------------------------- derive


def wanted(
    number: int, datasets: list[Located], pairs: list[tuple[int, int]], *, foreign: bool = False
) -> dict[str, str]:
    known = {d.dataset_id: d for d in datasets}
    values = derive.wanted(known[number], closure.graph(pairs), known, foreign_names=foreign, truncated_before=None)
    return {name: value for name, value in values.items() if value is not None}


def test_a_chain_is_listed_in_both_directions() -> None:
    datasets = [located(n, f"/data/visitor/p/b/20250101/RAW_DATA/c/{n}") for n in (1, 2, 3)]
    middle = wanted(2, datasets, [(2, 1), (3, 2)])
    assert middle["input_datasetIds"] == "1"
    assert middle["output_datasetIds"] == "3"
    assert middle["output_datasets"] == datasets[2].location
    assert wanted(3, datasets, [(2, 1), (3, 2)])["__full_input_datasetIds"] == "2 1"
    first = wanted(1, datasets, [(2, 1), (3, 2)])
    assert (first["output_datasetIds"], first["__full_output_datasetNames"]) == ("2", "d2 d3")


def test_of_other_proposals_only_the_id_is_told() -> None:
    datasets = [located(1, "/x/1", proposal="HG-222"), located(2, "/x/2")]
    assert wanted(2, datasets, [(2, 1)])["input_datasetNames"] == "1"
    assert wanted(1, datasets, [(2, 1)])["output_datasets"] == "2"
    assert wanted(2, datasets, [(2, 1)], foreign=True)["input_datasetNames"] == "d1"


def test_lists_that_do_not_fit_are_named() -> None:
    datasets = [located(n, "/data/" + "x" * 90 + str(n)) for n in range(1, 102)]
    values = wanted(1, datasets, [(n, 1) for n in range(2, 102)])
    assert values[lists.TRUNCATED] == "output_datasets"
    assert len(lists.read_ids(values["output_datasetIds"])) == 100
