"""Links as the displays read them: the union of what parameters list and what provenance knows."""

from __future__ import annotations

from collections.abc import Callable

from drac_plugins.core.reads import datasets
from drac_plugins.core.reads.criteria import DatasetCriteria
from drac_plugins.core.reads.view import View
from icat_schema.gateway import Session
from tests.catalogue.seed import Facility, Seeder

Views = Callable[[str], View]


def test_inputs_and_outputs_come_from_both_sources(views: Views, facility: Facility) -> None:
    raw = datasets.by_id(views("ada"), facility.raw[0], links=True)
    assert raw is not None
    assert raw.output_ids == (*facility.results[:2], facility.merge)
    merge = datasets.by_id(views("ada"), facility.merge, links=True)
    assert merge is not None
    assert merge.input_ids == facility.raw
    assert merge.output_ids == (facility.report,)
    assert merge.outputs == ()


def test_provenance_alone_is_enough(views: Views, facility: Facility) -> None:
    report = datasets.by_id(views("bo"), facility.report, links=True)
    assert report is not None
    assert report.parameter("input_datasetIds") is None
    assert report.input_ids == (facility.merge,)


def test_links_are_not_read_unless_asked_for(views: Views, facility: Facility) -> None:
    merge = datasets.by_id(views("ada"), facility.merge)
    assert merge is not None
    assert (merge.input_ids, merge.output_ids) == ((), ())


def test_a_dataset_that_may_not_be_read_is_none(views: Views, facility: Facility) -> None:
    assert datasets.by_id(views("dee"), facility.merge) is None


def test_a_circle_in_the_catalogue_ends(views: Views, seeder: Seeder, root: Session, facility: Facility) -> None:
    one, two = seeder.datasets(facility.open, None, [{"name": "circle_1"}, {"name": "circle_2"}])
    seeder.list_outputs(one, [two])
    seeder.list_outputs(two, [one, 10**18 * 12])
    found = datasets.find(views("ada"), DatasetCriteria(ids=(one, two)), nested=True)
    assert [[output.id for output in record.outputs] for record in found.items] == [[two], []]
    root.delete("Dataset", [one, two])


def test_more_ids_than_fit_into_a_query_are_read_in_portions(views: Views, facility: Facility) -> None:
    many = (*range(10_000, 10_400), *facility.raw)
    page = datasets.find(views("ada"), DatasetCriteria(ids=many, types=("acquisition",)))
    assert tuple(record.id for record in page.items) == facility.raw
    assert page.total == 3
