"""`drac ingest quarantine`: see what could not be applied and why, put it right, send it through the door again."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from drac_plugins.core.errors import Invalid, NotFound
from drac_plugins.core.inbox import EDITABLE, Entry, Filter, Inbox
from drac_plugins.core.quarantine.aliases import KINDS
from drac_plugins.core.quarantine.service import Quarantine, document
from drac_plugins.core.quarantine.words import CAUSES
from drac_plugins.core.settings import Settings, load
from ingest.service import open_store

_FILE_WIDTH = 200
_SHOWN_BODY = 20_000
_MOMENT = "%Y-%m-%d %H:%M:%S"
_COLOURS = {"quarantined": "red", "waiting": "yellow", "done": "green"}


@click.group()
def quarantine() -> None:
    """Messages that could not be applied, each with its reason."""


def _filters(command: Callable[..., None]) -> Callable[..., None]:
    """The options that say which messages are meant."""
    options = [
        click.option("--reason", type=click.Choice(list(CAUSES)), help="Cause."),
        click.option("--queue", help="Queue they came in on."),
        click.option("--proposal", help="Proposal as written in the message."),
        click.option("--beamline", help="Beamline as written in the message."),
        click.option("--contains", help="Text in location, proposal, beamline, name or reason."),
        click.option("--since", type=click.DateTime(), help="Sent (again) since; facility time."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def _filter(settings: Settings, ids: tuple[int, ...], options: dict[str, Any], state: str | None) -> Filter:
    since: datetime | None = options.pop("since")
    if since is not None:
        since = since.replace(tzinfo=settings.facility.timezone)
    return Filter(ids=ids, since=since, state=state, **options)  # type: ignore[arg-type]  # a State, from our own callers


@quarantine.command("list")
@_filters
@click.option("--limit", default=100, show_default=True, help="At most so many.")
@click.option("--everything", is_flag=True, help="Messages in every state.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document a line, for programs.")
def list_(limit: int, everything: bool, as_json: bool, **options: Any) -> None:
    """List messages, oldest first."""
    settings = load()
    inbox = _inbox(settings)
    wanted = _filter(settings, (), options, None if everything else "quarantined")
    entries = inbox.list(wanted, limit=limit)
    if as_json:
        for entry in entries:
            click.echo(json.dumps(document(entry), ensure_ascii=False))
        return
    if not entries:
        click.echo("nothing in the inbox" if everything else "nothing in quarantine")
        return
    _console().print(_table(entries, settings.facility.timezone, everything))
    total = inbox.count(wanted)
    if total > len(entries):
        click.echo(f"{len(entries)} of {total} shown")


@quarantine.command()
@click.argument("message_id", metavar="ID", type=int)
@click.option("--body", is_flag=True, help="Only the body of the message, byte for byte.")
def show(message_id: int, body: bool) -> None:
    """Show one message with everything known about it."""
    settings = load()
    inbox = _inbox(settings)
    entry = inbox.show(message_id)
    content = inbox.whole_body(entry)
    if body:
        click.echo(content, nl=False)
        return
    console = _console()
    console.print(_card(entry, settings.facility.timezone))
    text = content[:_SHOWN_BODY].decode("utf-8", "backslashreplace")
    console.print(_plain(text, keep="\n\t"), soft_wrap=True)
    if len(content) > _SHOWN_BODY:
        click.echo(f"... {len(content) - _SHOWN_BODY} more bytes; --body writes all of it")


@quarantine.command()
@click.argument("ids", metavar="[ID]...", type=int, nargs=-1)
@_filters
@click.option("--all", "everything", is_flag=True, help="All of quarantine, when nothing narrows it down.")
@click.option(
    "--set",
    "edits",
    multiple=True,
    metavar="FIELD=VALUE",
    help=f"Change a field first; no value takes a change back. Fields: {', '.join(EDITABLE)}.",
)
def replay(ids: tuple[int, ...], everything: bool, edits: tuple[str, ...], **options: Any) -> None:
    """Send messages through the door again: those with the given IDs, or those that the options select."""
    if not (ids or everything or any(value is not None for value in options.values())):
        raise click.UsageError("Say which: IDs, options that select, or --all.")
    settings = load()
    changes = dict(_edit(text) for text in edits)
    try:
        number = Quarantine(_inbox(settings)).replay(_filter(settings, ids, options, None), changes)
    except (Invalid, NotFound) as error:
        raise click.ClickException(error.message) from error
    click.echo(f"{number} message{'' if number == 1 else 's'} sent again; a running ingester takes them up")


@quarantine.command()
@click.option("--remember", type=(click.Choice(KINDS), str, str), metavar="KIND SPELLING MEANT", help="Add one.")
@click.option("--forget", type=(click.Choice(KINDS), str), metavar="KIND SPELLING", help="Remove one.")
@click.option("--proposal", default="", help="Proposal in which a sample is called so.")
def aliases(remember: tuple[str, str, str] | None, forget: tuple[str, str] | None, proposal: str) -> None:
    """List other spellings of proposals, beamlines and samples that the ingester knows; add or remove one."""
    settings = load()
    service = Quarantine(_inbox(settings))
    try:
        if remember is not None:
            service.remember(*remember, by="drac ingest quarantine", proposal=proposal)
        if forget is not None:
            service.forget(*forget, proposal=proposal)
    except (Invalid, NotFound) as error:
        raise click.ClickException(error.message) from error
    for alias in service.aliases():
        where = f" (proposal {alias.scope})" if alias.scope else ""
        line = (
            f"{alias.kind} {alias.spelling}{where} means {alias.meant}, since {alias.since:%Y-%m-%d}, {alias.made_by}"
        )
        click.echo(_plain(line).plain)


def _edit(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or name not in EDITABLE:
        raise click.UsageError(f"--set {text}: write FIELD=VALUE with a field of {', '.join(EDITABLE)}.")
    return name, value.strip()


def _inbox(settings: Settings) -> Inbox:
    return Inbox.from_settings(open_store(settings), settings)


# ---------------------------------------------------------------------- how it looks


def _console() -> Console:
    """As wide as the terminal; wide enough for whole lines when written to a file or a pipe."""
    console = Console()
    return console if console.is_terminal else Console(width=_FILE_WIDTH)


def _table(entries: list[Entry], zone: ZoneInfo, everything: bool) -> Table:
    table = Table(show_edge=False, pad_edge=False, header_style="bold")
    table.add_column("id", justify="right", no_wrap=True)
    table.add_column("sent", no_wrap=True)
    table.add_column("again", justify="right")
    if everything:
        table.add_column("state", no_wrap=True)
    table.add_column("reason", no_wrap=True)
    table.add_column("about", overflow="fold", ratio=2)
    table.add_column("what to do", overflow="fold", ratio=3)
    for entry in entries:
        state = [Text(entry.state, _COLOURS.get(entry.state, ""))] if everything else []
        table.add_row(
            str(entry.id),
            entry.received.astimezone(zone).strftime(_MOMENT),
            str(entry.repetitions or ""),
            *state,
            Text(entry.reason or "", "red"),
            _plain(_about(entry)),
            _plain(entry.text or ""),
        )
    return table


def _about(entry: Entry) -> str:
    session = " ".join(part for part in (entry.proposal, entry.beamline) if part)
    return "\n".join(part for part in (session, entry.location) if part) or f"{entry.queue}, {entry.size} bytes"


def _card(entry: Entry, zone: ZoneInfo) -> Table:
    table = Table(show_header=False, show_edge=False, box=None, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in document(entry).items():
        if value in (None, "", [], {}):
            continue
        moment = getattr(entry, name, None)
        if isinstance(moment, datetime):
            value = moment.astimezone(zone).strftime(_MOMENT + " %z")
        table.add_row(name.replace("_", " "), _plain(value if isinstance(value, str) else json.dumps(value)))
    return table


def _plain(text: str, keep: str = "\n") -> Text:
    """Text of strangers: no markup, no control characters for the terminal."""
    return Text("".join(sign if sign.isprintable() or sign in keep else "\N{REPLACEMENT CHARACTER}" for sign in text))
