"""What the parameters about links must say, computed from the link table. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from drac_plugins.core.links.closure import Graph, ancestors, descendants
from drac_plugins.core.links.lists import TRUNCATED, Fitted, render, truncated
from drac_plugins.core.links.records import Located

DECLARED = "input_datasets"
INPUT_IDS, INPUT_NAMES = "input_datasetIds", "input_datasetNames"
OUTPUT_IDS, OUTPUT_LOCATIONS, OUTPUT_NAMES = "output_datasetIds", "output_datasets", "output_datasetNames"
FULL_INPUT_IDS, FULL_INPUT_NAMES = "__full_input_datasetIds", "__full_input_datasetNames"
FULL_OUTPUT_IDS, FULL_OUTPUT_NAMES = "__full_output_datasetIds", "__full_output_datasetNames"

DERIVED = (
    INPUT_IDS,
    INPUT_NAMES,
    OUTPUT_IDS,
    OUTPUT_LOCATIONS,
    OUTPUT_NAMES,
    FULL_INPUT_IDS,
    FULL_INPUT_NAMES,
    FULL_OUTPUT_IDS,
    FULL_OUTPUT_NAMES,
)


def wanted(
    dataset: Located, links: Graph, known: Mapping[int, Located], *, foreign_names: bool, truncated_before: str | None
) -> dict[str, str | None]:
    """Value of every derived parameter of a dataset; None: the dataset has no such parameter.

    Of datasets of other proposals only the id is told (it stands where the name or location would, so that the lists
    stay parallel), unless `foreign_names`.
    """
    inputs = _present(links.inputs.get(dataset.dataset_id, ()), known)
    outputs = _present(links.outputs.get(dataset.dataset_id, ()), known)
    above = _present(ancestors(links, dataset.dataset_id), known)
    below = _present(descendants(links, dataset.dataset_id), known)

    def told(other: Located, text: str) -> str:
        return text if foreign_names or other.proposal == dataset.proposal else str(other.dataset_id)

    def names(others: Iterable[Located]) -> Fitted:
        return render(told(other, other.name) for other in others)

    def ids(others: Iterable[Located]) -> Fitted:
        return render(other.dataset_id for other in others)

    lists = {
        INPUT_IDS: ids(inputs),
        INPUT_NAMES: names(inputs),
        OUTPUT_IDS: ids(outputs),
        OUTPUT_LOCATIONS: render(told(other, other.location) for other in outputs),
        OUTPUT_NAMES: names(outputs),
        FULL_INPUT_IDS: ids(above),
        FULL_INPUT_NAMES: names(above),
        FULL_OUTPUT_IDS: ids(below),
        FULL_OUTPUT_NAMES: names(below),
    }
    values: dict[str, str | None] = {name: fitted.text or None for name, fitted in lists.items()}
    values[TRUNCATED] = truncated(truncated_before, lists, (n for n, fitted in lists.items() if not fitted.whole))
    return values


def _present(dataset_ids: Iterable[int], known: Mapping[int, Located]) -> list[Located]:
    return [known[i] for i in dataset_ids if i in known]
