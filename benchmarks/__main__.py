"""`python -m benchmarks`: run them all, or the ones that are named."""

from __future__ import annotations

import click

from benchmarks import ingest_rate, nested_list


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(["nested-list", "ingest-rate"]))
@click.option("--raw", default=150, show_default=True, help="Raw datasets in the nested list.")
@click.option("--messages", default=120, show_default=True, help="Datasets in the ingest rate.")
@click.option("--parameters", default=40, show_default=True, help="Parameters of each dataset.")
def main(names: tuple[str, ...], raw: int, messages: int, parameters: int) -> None:
    """Measure, and print ratios against the baselines that each benchmark names."""
    if not names or "nested-list" in names:
        nested_list.run(nested_list.Size(raw=raw, parameters=parameters))
    if not names or "ingest-rate" in names:
        ingest_rate.run(messages, parameters)


if __name__ == "__main__":
    main()
