"""`python -m benchmarks`: run them all at their usual sizes, or one of them; or fill a catalogue."""

from __future__ import annotations

from pathlib import Path

import click

from benchmarks import displays, facade, icat_server, ingest, nested_list
from benchmarks.fill import Content
from benchmarks.fill import fill as fill_catalogue


@click.group(invoke_without_command=True)
@click.pass_context
def main(context: click.Context) -> None:
    """Measure, and print ratios against the baselines that each benchmark names. Without a command: run them all."""
    if context.invoked_subcommand is None:
        nested_list.run(nested_list.Size())
        ingest.run(ingest.Size())
        icat_server.run(icat_server.Size())
        displays.run(displays.Size())
        facade.run(facade.Size())


@main.command("nested-list")
@click.option("--raw", default=150, show_default=True, help="Raw datasets.")
@click.option("--parameters", default=40, show_default=True, help="Parameters of each dataset.")
def nested_list_command(raw: int, parameters: int) -> None:
    """The facade's nested dataset list against plain SQL and against python-icat."""
    nested_list.run(nested_list.Size(raw=raw, parameters=parameters))


@main.command("ingest")
@click.option("--messages", default=400, show_default=True, help="Datasets that are announced.")
@click.option("--parameters", default=60, show_default=True, help="Parameters of each dataset.")
@click.option("--files", default=20, show_default=True, help="Files of each dataset.")
@click.option("--queued", default=200, show_default=True, help="Datasets ahead of the one that is waited for.")
@click.option("--confirmed", default=200, show_default=True, help="Datasets that are waited for; 0: leave that out.")
@click.option("--small", default=1_000, show_default=True, help="Datasets in the small catalogue.")
@click.option("--big", default=200_000, show_default=True, help="Datasets in the big catalogue; 0: leave that out.")
def ingest_command(
    messages: int, parameters: int, files: int, queued: int, confirmed: int, small: int, big: int
) -> None:
    """The ingester against python-icat row by row, how soon a dataset is there, a big catalogue against a small one."""
    ingest.run(ingest.Size(messages, parameters, files, queued, confirmed, small, big))


@main.command("facade")
@click.option("--datasets", default=5_000, show_default=True, help="Datasets of the session that is listed.")
@click.option("--parameters", default=100, show_default=True, help="Parameters of each of them.")
@click.option("--small", default=10_000, show_default=True, help="Datasets in the catalogue at first.")
@click.option("--big", default=1_000_000, show_default=True, help="Datasets to grow to; 0: leave that out.")
@click.option("--naive", default=200, show_default=True, help="Datasets that python-icat reads; its time is scaled.")
@click.option("--callers", default=16, show_default=True, help="Callers at the same time.")
@click.option("--requests", default=800, show_default=True, help="Questions that they ask altogether.")
@click.option("--max-entities", default=10_000, show_default=True, help="Rows that the catalogue answers at once.")
@click.option("--postgres", metavar="URL", help="postgresql://user@host:port of a server to use; default: an own one.")
@click.option("--keep", type=click.Path(path_type=Path), help="Folder for the own server's data, used again next time.")
def facade_command(postgres: str | None, keep: Path | None, **sizes: int) -> None:
    """A list of a large session against plain SQL and python-icat; many callers, a big catalogue, start-up."""
    facade.run(facade.Size(**sizes), postgres, keep)


@main.command("icat-server")
@click.option("--datasets", default=2_000, show_default=True, help="Compared with plain SQL; 0: leave that out.")
@click.option("--parameters", default=60, show_default=True, help="Parameters of each of them.")
@click.option("--small", default=10_000, show_default=True, help="Datasets x 3 parameters to start from.")
@click.option("--big", default=1_000_000, show_default=True, help="Datasets x 3 parameters to grow to; 0: leave out.")
@click.option("--postgres", metavar="URL", help="postgresql://user@host:port of a server to use; default: an own one.")
@click.option("--keep", type=click.Path(path_type=Path), help="Folder for the own server's data, used again next time.")
def icat_server_command(
    datasets: int, parameters: int, small: int, big: int, postgres: str | None, keep: Path | None
) -> None:
    """The embedded catalogue against plain SQL, and a big one against a small one."""
    icat_server.run(icat_server.Size(datasets, parameters, small, big), postgres, keep)


@main.command("displays")
@click.option("--rows", default=5_000, show_default=True, help="Rows of the list that the engine resolves and renders.")
@click.option("--movies", default=20_000, show_default=True, help="Movies of the session; 0: leave the page out.")
def displays_command(rows: int, movies: int) -> None:
    """The display engine against a plain loop, and a long session page against the API call beneath it."""
    displays.run(displays.Size(rows, movies))


@main.command()
@click.option("--database", required=True, help="sqlite:///file or postgresql://…")
@click.option("--datasets", default=1_000_000, show_default=True)
@click.option("--parameters", default=3, show_default=True, help="Of each dataset.")
@click.option("--datafiles", default=0, show_default=True, help="Of each dataset.")
@click.option("--datasets-each", default=1_000, show_default=True, help="Datasets of an investigation.")
@click.option("--member", "members", multiple=True, metavar="USER=N", help="A user in N investigations, simple/ada=20.")
def fill(
    database: str, datasets: int, parameters: int, datafiles: int, datasets_each: int, members: tuple[str, ...]
) -> None:
    """Add a facility's content to a catalogue, straight into its database."""
    taking_part = {name: int(number) for name, _, number in (member.rpartition("=") for member in members)}
    fill_catalogue(database, Content(datasets, parameters, datafiles, datasets_each=datasets_each, members=taking_part))


if __name__ == "__main__":
    main()
