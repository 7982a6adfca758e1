"""ICAT user names: which part is the login, and which other names belong to the same person (design decision D13)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from drac_plugins.core.settings import SettingsError


@dataclass(frozen=True, slots=True)
class UserNames:
    """Takes names apart by a pattern with the groups `login` and, optionally, `suffix`.

    The pattern matches whole names; what precedes the login (the mechanism) is never part of it. A name that does not
    match is its own login.
    """

    pattern: re.Pattern[str]

    def login(self, name: str) -> str:
        """What the person types to log in: `ada` of `simple/ada/17`."""
        match = self.pattern.fullmatch(name)
        return (match and match["login"]) or name

    def prefix(self, name: str) -> str:
        """What all names of this person begin with, mechanism included: `simple/ada` of `simple/ada/17`."""
        match = self.pattern.fullmatch(name)
        return name[: match.end("login")] if match and match["login"] else name

    def same_person(self, one: str, other: str) -> bool:
        return self.prefix(one) == self.prefix(other)


def user_names(pattern: str | None, mechanisms: Iterable[str]) -> UserNames:
    """`pattern` is the setting `auth.user_name_pattern`. Without it names are read as
    `[<mechanism>/]<login>[/<suffix>]`, where only the authenticators of the server count as mechanisms.

    Raises SettingsError for an unusable pattern.
    """
    if pattern is not None:
        return UserNames(compiled(pattern))
    known = "|".join(re.escape(mechanism) for mechanism in sorted(mechanisms, key=len, reverse=True))
    mechanism = f"(?:(?:{known})/)?" if known else ""
    return UserNames(re.compile(rf"{mechanism}(?P<login>[^/]+)(?:/(?P<suffix>.+))?"))


def compiled(pattern: str) -> re.Pattern[str]:
    """Raises SettingsError for what is no regular expression or lacks the group `login`."""
    try:
        found = re.compile(pattern)
    except re.error as error:
        raise SettingsError(f"auth.user_name_pattern: {error}") from error
    if "login" not in found.groupindex:
        raise SettingsError("auth.user_name_pattern: the group (?P<login>...) is missing")
    return found
