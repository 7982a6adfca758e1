"""`drac apikey`: issue API keys to applications, look at them, take them back."""

from __future__ import annotations

from datetime import datetime

import click

from drac_plugins.core.apikeys.issued import issue, issued, revoke
from drac_plugins.core.apikeys.scopes import SCOPES
from drac_plugins.core.settings import Settings, load
from drac_plugins.core.storage import Store, upgrade

_SCOPES = "\n".join(f"  {word}: {meaning}" for word, meaning in SCOPES.items())


@click.group(help=f"API keys of applications.\n\n\b\nScopes:\n{_SCOPES}")
def apikey() -> None:
    """The group; its text is above, because it lists the scopes."""


@apikey.command()
@click.argument("name")
@click.option(
    "--scope", "scopes", multiple=True, type=click.Choice(list(SCOPES)), help="May be repeated. Default: all."
)
@click.option("--existing", is_flag=True, help="Ask for the key instead of making one (for keys already in use).")
def add(name: str, scopes: tuple[str, ...], existing: bool) -> None:
    """Issue a key to the application NAME and print it. It is shown now and never again."""
    key = click.prompt("Key", hide_input=True, err=True, type=str) if existing else None
    new = issue(_store(load()), name, scopes or tuple(SCOPES), key)
    if not existing:
        click.echo(new)


@apikey.command("list")
def list_() -> None:
    """Names, scopes and last uses; never the keys."""
    settings = load()
    for name in sorted(settings.auth.api_keys):
        click.echo(f"{name}: all scopes (in the settings)")
    for one in issued(_store(settings)):
        used = f"last used {_moment(one.last_used)}" if one.last_used else "never used"
        click.echo(f"{one.name}: {', '.join(one.scopes)}; issued {_moment(one.created)}, {used}")


@apikey.command("revoke")
@click.argument("name")
def revoke_(name: str) -> None:
    """Refuse the key of the application NAME from now on."""
    settings = load()
    if name in settings.auth.api_keys:
        raise click.ClickException(f"{name} is in the settings: remove it from auth.api_keys and restart")
    revoke(_store(settings), name)
    click.echo(f"{name}: revoked")


def _moment(moment: datetime) -> str:
    return moment.astimezone().strftime("%Y-%m-%d %H:%M")


def _store(settings: Settings) -> Store:
    store = Store(settings.store.url)
    upgrade(store)
    return store
