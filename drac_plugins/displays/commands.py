"""`drac displays`: what documents there are, what is wrong with them, and which one applies to a dataset."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from pathlib import Path
from typing import Any

import click

from displays.check import check as findings_of
from displays.document import json_schema
from displays.errors import DocumentError
from displays.library import Library
from displays.resolution import Resolution
from drac_plugins.core.errors import BadCredentials
from drac_plugins.core.reads.criteria import DatasetCriteria
from drac_plugins.core.reads.view import View
from drac_plugins.core.services import gateway_settings, service_session
from drac_plugins.core.settings import Settings
from drac_plugins.core.settings import load as load_settings
from drac_plugins.displays import previewing, service
from drac_plugins.displays.documents import library_of, load
from icat_schema.gateway import Catalogue, Session
from icat_schema.gateway.errors import CatalogueError, LoginRefused


@click.group()
def displays() -> None:
    """How datasets are shown: the display documents, and which one applies."""


@displays.command("list")
def list_() -> None:
    """All displays in force, with the file each comes from."""
    library = library_of(load_settings())
    width = max(len(display.id) for display in library)
    for display in sorted(library, key=lambda one: one.id):
        source = _shortened(library.written_for(display.id).source)
        click.echo(f"{display.id:<{width}}  version {display.version:<3} {display.title}  ({source})")


@displays.command()
@click.argument("places", nargs=-1, metavar="[FOLDER|FILE]...", type=click.Path(exists=True, path_type=Path))
def check(places: tuple[Path, ...]) -> None:
    """Check all documents: those that ship with the engine, those of the settings, and these.

    One line per finding: file, line, a sentence. The exit status is 1 if there is an error; warnings are only shown.
    """
    library = _checked(load_settings(), places)
    findings = findings_of(library)
    for finding in findings:
        click.echo(f"{_shortened(finding.source)}:{finding.line}: {finding.severity}: {finding.text}")
    errors = sum(finding.severity == "error" for finding in findings)
    if errors:
        raise click.ClickException(f"{errors} error{'s' if errors > 1 else ''} in the display documents")
    count = sum(1 for _ in library)
    click.echo(f"{count} displays, no errors, {len(findings)} warnings" if findings else f"{count} displays, all well")


def _checked(settings: Settings, places: Sequence[Path]) -> Library:
    try:
        return load(settings, places)
    except DocumentError as error:
        for fault in error.faults:
            click.echo(f"{_shortened(fault.source)}:{fault.line}: error: {fault.text}")
        count = len(error.faults)
        raise click.ClickException(f"{count} error{'s' if count > 1 else ''} in the display documents") from error


def _shortened(source: str) -> str:
    """The path from here, where that is shorter."""
    if not Path(source).is_absolute():
        return source
    return min(source, os.path.relpath(source), key=len)


@dataclass(frozen=True, slots=True)
class Whom:
    """As whom the catalogue is asked; nothing given: as the account of anonymous readers."""

    user: str | None
    password: str | None
    plugin: str | None
    session: str | None


Command = Callable[..., None]


def options_of_somebody(command: Command) -> Command:
    """Options that say as whom the catalogue is asked; the command gets them as `whom`."""

    @wraps(command)
    def called(
        *, user: str | None, password: str | None, plugin: str | None, session: str | None, **others: Any
    ) -> None:
        if user and session:
            raise click.UsageError("give --user or --session, not both")
        command(whom=Whom(user, password, plugin, session), **others)

    decorated: Command = called
    for option in (
        click.option("--session", help="Use this ICAT session instead."),
        click.option("--plugin", help="Authenticator of the user. Default: setting auth.default_plugin."),
        click.option("--password", help="Asked for when left out."),
        click.option("--user", help="Log in as this user. Default: the account of anonymous readers."),
    ):
        decorated = option(decorated)
    return decorated


def as_somebody(command: Command) -> Command:
    """Argument and options of a command about one dataset."""
    return click.argument("dataset_id", type=click.IntRange(1))(options_of_somebody(command))


@displays.command()
@as_somebody
def resolve(dataset_id: int, whom: Whom) -> None:
    """Say which display applies to a dataset."""
    display = _resolution(dataset_id, whom).display
    click.echo(f"{display.id}, version {display.version}: {display.title}")


@displays.command()
@as_somebody
def explain(dataset_id: int, whom: Whom) -> None:
    """Say which display applies to a dataset, why, and why no other."""
    click.echo(_resolution(dataset_id, whom).explain().text())


def _resolution(dataset_id: int, whom: Whom) -> Resolution:
    settings = load_settings()
    library = library_of(settings)
    with _view(settings, whom) as view:
        return service.resolve(view, library, dataset_id).resolution


_DAY = click.DateTime(["%Y-%m-%d"])


@displays.command("preview")
@click.argument(
    "places", nargs=-1, required=True, metavar="FOLDER|FILE...", type=click.Path(exists=True, path_type=Path)
)
@click.option("--from", "start", type=_DAY, help="First day, facility time.")
@click.option("--until", "end", type=_DAY, help="Last day; it is included.")
@click.option("--instrument", "instruments", multiple=True, help="Only datasets of this beamline; may be repeated.")
@click.option(
    "--investigation", "investigations", multiple=True, type=click.IntRange(1), help="Only this session, by id."
)
@options_of_somebody
def preview_(
    places: tuple[Path, ...],
    start: datetime | None,
    end: datetime | None,
    instruments: tuple[str, ...],
    investigations: tuple[int, ...],
    whom: Whom,
) -> None:
    """Show what these documents would do to the datasets of a period, before they go live.

    Which datasets get another document or look different under the one they have, and how. Nothing is changed.
    """
    settings = load_settings()
    if not (start or end or investigations):
        raise click.UsageError("say which datasets: give --from, --until or --investigation")
    before, after = library_of(settings), _checked(settings, places)
    criteria = DatasetCriteria(
        investigation_ids=investigations,
        instruments=instruments,
        start=start.date() if start else None,
        end=end.date() if end else None,
    )
    with _view(settings, whom) as view:
        for line in previewing.sentences(previewing.preview(view, before, after, criteria)):
            click.echo(line)


@displays.command()
def schema() -> None:
    """Print the JSON Schema of display documents, for editors that complete and check while one types."""
    click.echo(json.dumps(json_schema(), indent=2, ensure_ascii=False))


@contextmanager
def _view(settings: Settings, whom: Whom) -> Iterator[View]:
    """The catalogue as this person sees it."""
    catalogue = Catalogue(gateway_settings(settings.icat))
    try:
        with _session(settings, catalogue, whom) as session:
            yield View(session, settings.facility.timezone)
    finally:
        catalogue.close()


@contextmanager
def _session(settings: Settings, catalogue: Catalogue, whom: Whom) -> Iterator[Session]:
    """The session to ask with; one that was opened here is closed again."""
    if whom.session:
        yield catalogue.session(whom.session)
    elif not whom.user:
        yield service_session(catalogue, settings.icat.reader)
    else:
        own = _logged_in(settings, catalogue, whom.user, whom)
        try:
            yield own
        finally:
            with suppress(CatalogueError):  # the answer is what counts; the session ends by itself
                own.logout()


def _logged_in(settings: Settings, catalogue: Catalogue, user: str, whom: Whom) -> Session:
    password = whom.password if whom.password is not None else click.prompt("Password", hide_input=True, err=True)
    plugin = whom.plugin or settings.auth.default_plugin
    try:
        return catalogue.login(plugin, {"username": user, "password": password})
    except LoginRefused as error:
        raise BadCredentials(f"{plugin} refuses {user}: {error.message}") from error
