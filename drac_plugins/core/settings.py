"""Every setting: TOML file, then environment (`DRAC_<SECTION>__<KEY>`), strict.

Nothing is read at import. A key that nobody knows, a value of the wrong type or a file that cannot be read is a
start-up error that names the key and the source.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from datetime import time
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator

ENVIRONMENT_PREFIX = "DRAC_"
CATALOGUE_PREFIX = "DRAC_CATALOGUE_"  # settings of the embedded catalogue, which reads them itself
TEST_PREFIX = "DRAC_TEST_"  # how the tests are run


class SettingsError(Exception):
    """A setting is unknown, malformed or unreadable; the text says which and where it came from."""


class Section(BaseModel):
    """A table of the settings file. Unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class Facility(Section):
    name: str = Field("ESRF", description="Facility.name in ICAT")
    zone: str = Field("Europe/Paris", description="time zone of dates that come without an offset")
    data_root: Path | None = Field(None, description="folder below which datasets lie; shown by /health")
    parameters: tuple[Path, ...] = Field(
        (), description="files, or folders of files, that define parameters which the vocabulary package lacks"
    )

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(
                f"unknown time zone {value}: use a name of the IANA database, such as Europe/Paris"
            ) from error
        return value

    @property
    def timezone(self) -> ZoneInfo:
        return ZoneInfo(self.zone)


class Account(Section):
    """A service account in ICAT (design decision D12)."""

    plugin: str = "simple"
    username: str
    password: SecretStr


class IngesterAccount(Account):
    username: str = "ingester"
    password: SecretStr = SecretStr("ingester")


class AcquisitionAccount(Account):
    username: str = "acquisition"
    password: SecretStr = SecretStr("acquisition")


class ReaderAccount(Account):
    username: str = "reader"
    password: SecretStr = SecretStr("reader")


class Icat(Section):
    url: str = Field("http://127.0.0.1:8181", description="base address of the ICAT server")
    soap_path: str = "/ICATService/ICAT"
    rest_path: str = "/icat"
    timeout_seconds: float = Field(60.0, gt=0)
    verify: bool = Field(True, description="check the server's TLS certificate")
    pool_size: int = Field(8, ge=1, description="SOAP clients kept ready")
    zone: str = Field("", description="time zone of the ICAT server; default: learned from the dates that it returns")
    ingester: IngesterAccount = IngesterAccount()
    acquisition: AcquisitionAccount = AcquisitionAccount()
    reader: ReaderAccount = ReaderAccount()


class Ids(Section):
    url: str | None = Field(
        None, description="address of the ICAT Data Service; default: /ids where the catalogue is; '' for none"
    )
    public_url: str = Field("", description="the same as users' browsers reach it; default: url")


class OpenId(Section):
    """Tokens of the facility's OpenID provider, instead of passwords."""

    issuer: str = Field("", description="the OpenID provider, exactly as its tokens name it; '' for none")
    client_id: str = Field("", description="what the provider calls us")
    audiences: tuple[str, ...] = Field((), description="tokens must be for one of these; default: client_id")
    client_secret: SecretStr = Field(SecretStr(""), description="where the provider has given us one; '' for none")
    name: str = Field("single sign-on", description="what the log-in page calls it")
    plugin: str = Field("oidc", description="what clients name as plugin when they log in with a token as password")
    catalogue_plugin: str = Field("oidc", description="ICAT authenticator that takes the token and opens the session")
    catalogue_credential: str = Field("token", description="what that authenticator calls the token")
    user_claim: str = Field(
        "preferred_username",
        description="claim that must be the login of the user whose session the catalogue opens; '' to leave it alone",
    )
    leeway_seconds: float = Field(60.0, ge=0, le=600, description="how far the provider's clock may differ from ours")
    keys_seconds: float = Field(3600.0, gt=0, description="how long the provider's keys are kept")

    @model_validator(mode="after")
    def _can_be_trusted(self) -> OpenId:
        address = urlsplit(self.issuer)
        here = address.hostname in ("127.0.0.1", "localhost", "::1")
        if self.issuer and not (address.scheme == "https" or (address.scheme == "http" and here)):
            raise ValueError("issuer: an address that begins with https:// is needed")
        if self.issuer and not (self.client_id or self.audiences):
            raise ValueError("client_id or audiences: whom must tokens be for?")
        return self


class Auth(Section):
    default_plugin: str = Field("db", description="ICAT authenticator when a log-in names none")
    user_name_pattern: str | None = Field(
        None,
        description="regular expression with groups login and suffix over ICAT user names; "
        "default: derived from the authenticators of the server",
    )
    administrator_groups: tuple[str, ...] = Field(("administrators",), description="ICAT groupings of administrators")
    minter_groups: tuple[str, ...] = ("minters",)
    beta_tester_groups: tuple[str, ...] = ("beta-testers",)
    openid: OpenId = OpenId()
    api_keys: Mapping[str, str] = Field(
        default_factory=dict,
        description="name of an application -> its API key, or sha256:<hex digest> of it, for everything; "
        "keys with scopes are issued by drac apikey add",
    )


class Store(Section):
    url: str = Field("sqlite:///var/drac.sqlite", description="SQLAlchemy address of the facade's own store")
    auto_upgrade: bool = Field(True, description="bring the tables up to date at start (otherwise: drac db upgrade)")


class Web(Section):
    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = Field(1, ge=1)
    threads: int = Field(8, ge=1)
    public_url: str | None = Field(None, description="address of the facade as users see it")
    trusted_proxies: tuple[str, ...] = Field(
        (), description="addresses or networks of our own proxies: what they write into X-Forwarded-For is believed"
    )
    secret_key: SecretStr | None = Field(
        None, description="signs the cookies of the pages; default: made and kept in var"
    )
    cookie_secure: bool = Field(False, description="send the page cookie over https only")
    cors_origins: tuple[str, ...] = ("*",)
    max_body_bytes: int = 16 * 1024 * 1024
    request_id_header: str = Field(
        "X-Request-Id", description="header whose request id is taken over, as a proxy sets it; '' for none"
    )


class Logs(Section):
    format: Literal["text", "json"] = Field("text", description="json: one object per line, for log collectors")


class Plugins(Section):
    enabled: tuple[str, ...] = (
        "session",
        "catalogue",
        "dataacquisition",
        "displays",
        "ingestion",
        "ids",
        "resource",
        "users",
        "usermanagement",
        "facilities",
        "messages",
        "dmp",
        "cod",
        "cache",
        "h5grove",
        "processed",
        "changes",
    )


class Displays(Section):
    folders: tuple[Path, ...] = Field(
        (), description="folders with display documents of the facility; changes are in force at once"
    )


class Queues(Section):
    ingest: str = Field("icatIngest", description="datasets and starts of sessions (XML)")
    reschedule: str = Field("rescheduleInvestigation", description="sessions to be read again (XML)")
    archive_status: str = Field("icatArchiveRestoreStatus", description="state of archiving and restoring (JSON)")
    update_metadata: str = Field("icatUpdateDatasetMetadata", description="one changed parameter (JSON)")
    datafiles: str = Field("icatDataFiles", description="folders to be read again (JSON)")


class UserOffice(Section):
    name: str | None = Field(
        None, description="entry point of the group drac.useroffice; files: reads YAML and CSV; default: none"
    )
    files: tuple[Path, ...] = Field((), description="files with sessions, for the user office `files`")
    options: Mapping[str, Any] = Field(default_factory=dict, description="for the facility's own user office")


class Ingest(Section):
    listen: str | None = Field(
        "127.0.0.1:61613", description="host:port of the ingester's own STOMP listener; '' for none"
    )
    brokers: tuple[str, ...] = Field(
        (), description="host:port of STOMP brokers to subscribe to, all of them; stomp+ssl://host:port for TLS"
    )
    broker_ca_file: Path | None = Field(
        None, description="authorities (PEM) that sign the brokers' TLS certificates; default: those of the system"
    )
    broker_login: str | None = None
    broker_passcode: SecretStr | None = None
    broker_vhost: str | None = Field(None, description="virtual host of RabbitMQ; default: the host of the broker")
    monitor: str | None = Field("127.0.0.1:8778", description="host:port of the health monitor that producers ask")
    queue_prefix: str = "/queue/"
    queues: Queues = Queues()
    user_office: UserOffice = UserOffice()
    max_connections: int = Field(500, ge=1, description="producers connected to the listener at the same time")
    max_frame_bytes: int = Field(
        100 * 1024 * 1024, ge=1024, description="a larger STOMP frame ends the connection that sends it"
    )
    prefetch: int = Field(50, ge=1, le=1000)
    heartbeat_seconds: float = Field(10.0, ge=0)
    reconnect_seconds: tuple[float, ...] = (0.25, 0.5, 1, 2, 5, 10, 30)
    workers: int = Field(2, ge=1, description="datasets written at the same time")
    poll_seconds: float = Field(0.2, gt=0)
    lease_seconds: float = Field(
        30.0, ge=1, description="when other ingesters of the store take over what one that gives no sign of life held"
    )
    max_message_bytes: int = 10 * 1024 * 1024
    create_sessions: bool = Field(True, description="make an open-ended session when none fits")
    session_tolerance_hours: float = Field(48.0, ge=0)
    session_type: str = Field("MX", description="InvestigationType of sessions made by the ingester")
    unknown_parameters: Literal["keep", "quarantine", "drop"] = "keep"
    max_new_parameter_types_per_day: int = 200
    elapsed_time_unit: Literal["ms", "s"] = "ms"
    clock_slack_seconds: float = Field(5.0, description="an end before the start by less than this is swapped silently")
    late_end: Literal["refuse", "clamp"] = "refuse"
    data_roots: tuple[str, ...] = Field(("/data",), description="announced locations must lie below one of these")
    path_map: Mapping[str, Path] = Field(
        default_factory=dict, description="announced prefix -> folder on disk, used only to read files (D14)"
    )
    mount_prefixes: tuple[str, ...] = ("/mnt/multipath-shares", "/gpfs/easy")
    proposal_aliases: Mapping[str, str] = Field(default_factory=dict)
    beamline_aliases: Mapping[str, str] = Field(default_factory=dict)
    definition_techniques: Mapping[str, str] = Field(
        default_factory=dict, description="word of `definition` without technique_pid -> technique IRI, marked inferred"
    )
    max_files_per_dataset: int = 30000
    gallery_extensions: tuple[str, ...] = (
        "png",
        "jpg",
        "jpeg",
        "gif",
        "svg",
        "webp",
        "pdb",
        "mol",
        "html",
        "json",
        "txt",
    )
    gallery_max_bytes: int = 5 * 1024 * 1024
    gallery_max_files: int = 50
    foreign_names: bool = Field(
        False, description="write names and folders of datasets of other proposals into lists of links (else only ids)"
    )
    sums_pause_seconds: float = Field(
        10.0, ge=0, description="least time between two makings of the sums of one session"
    )
    retry_seconds: tuple[float, ...] = Field(
        (1, 2, 4, 8, 16, 32, 64, 128, 300), description="pauses between tries after a temporary cause; the last repeats"
    )
    session_retry_hours: float = Field(24.0, ge=0, description="how long an unknown proposal is tried again")
    instrument_retry_minutes: float = Field(60.0, ge=0)
    instrument_retry_pause_minutes: float = Field(10.0, gt=0)
    dataset_retry_minutes: float = Field(
        60.0, ge=0, description="how long requests about a dataset that is not there (yet) are tried again"
    )
    files_pause_seconds: float = Field(
        60.0, ge=0, description="least time between two readings of a folder that were asked for"
    )
    missing_folder_retry_minutes: tuple[float, ...] = (1, 10, 60)
    watch_settle_seconds: float = Field(
        5.0, gt=0, description="a watched file is taken when it has not changed for so long"
    )
    poison_attempts: int = Field(5, ge=1, description="the same unexpected error so often in a row ends in quarantine")
    hold_minutes: float = Field(
        15.0, ge=0, description="how long later messages of the same dataset wait for one that is being tried again"
    )
    nightly_at: time | None = Field(
        time(3, 15), description="time of day, at the facility, of the checks of all links and datasets; '' for never"
    )

    @field_validator("nightly_at", mode="before")
    @classmethod
    def _empty_is_never(cls, value: object) -> object:
        return None if value == "" else value


class Events(Section):
    brokers: tuple[str, ...] = Field(
        (), description="host:port of STOMP brokers; indexers of public data are told through the first that answers"
    )
    publication_queue: str = Field("icat_investigation", description="queue that indexers listen to")
    settle_seconds: float = Field(
        30.0, ge=0, description="changes of a released session are told together, so long after the first"
    )
    keep_days: float = Field(14.0, gt=0, description="how long the change feed goes back")


class Settings(Section):
    """The whole configuration. `var` is the folder of everything that the zero-setup profile writes."""

    var: Path = Path("var")
    facility: Facility = Facility()
    icat: Icat = Icat()
    ids: Ids = Ids()
    auth: Auth = Auth()
    store: Store = Store()
    web: Web = Web()
    logs: Logs = Logs()
    plugins: Plugins = Plugins()
    displays: Displays = Displays()
    ingest: Ingest = Ingest()
    events: Events = Events()
    plugin: Mapping[str, Mapping[str, Any]] = Field(
        default_factory=dict, description="settings of facility plugins, each checked by the plugin's own model"
    )


def load(path: Path | None = None, environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings.

    `path`: a TOML file; default: `DRAC_CONFIG`, else no file. `environment` defaults to that of the process.
    Raises SettingsError.
    """
    environment = os.environ if environment is None else environment
    if path is None and environment.get("DRAC_CONFIG"):
        path = Path(environment["DRAC_CONFIG"])
    document = _read_toml(path) if path else {}
    _overlay(document, environment)
    try:
        return Settings.model_validate(document)
    except ValidationError as error:
        raise SettingsError(_explain(error, path)) from error


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: {error}") from error


def _overlay(document: dict[str, Any], environment: Mapping[str, str]) -> None:
    """Put `DRAC_SECTION__KEY` over the document; a value that reads as TOML is taken as such, else as text."""
    for variable, text in environment.items():
        if not variable.startswith(ENVIRONMENT_PREFIX) or variable == "DRAC_CONFIG":
            continue
        if variable.startswith((CATALOGUE_PREFIX, TEST_PREFIX)):
            continue
        *sections, key = variable.removeprefix(ENVIRONMENT_PREFIX).lower().split("__")
        table = document
        for name in sections:
            table = table.setdefault(name, {})
            if not isinstance(table, dict):
                raise SettingsError(f"{variable}: {name} is not a section")
        table[key] = _value(text)


def _value(text: str) -> Any:
    if text[:1] in "[{":
        try:
            return tomllib.loads(f"v = {text}")["v"]
        except tomllib.TOMLDecodeError:
            return text
    return text


def _explain(error: ValidationError, path: Path | None) -> str:
    source = f"{path} or the environment" if path else "the environment"
    lines = []
    for fault in error.errors():
        key = ".".join(str(part) for part in fault["loc"])
        text = "unknown key" if fault["type"] == "extra_forbidden" else fault["msg"]
        lines.append(f"{key}: {text} (from {source})")
    return "\n".join(lines)
