"""One frozen Settings, from ITEM2VEC_* in the environment; every setting is described once, here."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator

from index.errors import ConfigError
from index.wording import wrong_settings

PREFIX = "ITEM2VEC_"
LOOPBACK = ("127.0.0.1", "::1", "localhost")


class Settings(BaseModel):
    """Each field is the variable ITEM2VEC_<FIELD>. `database` may also come from the file ITEM2VEC_DATABASE_FILE, or
    its password from ITEM2VEC_DATABASE_PASSWORD_FILE."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    models: Path = Field(Path("models"), description="folder of the models")
    database: SecretStr | None = Field(
        None, description="database URL, sqlite or postgresql; without it, item2vec.db in the folder of the models"
    )
    host: str = Field("127.0.0.1", description="address the service binds to")
    port: int = Field(8000, ge=0, le=65535, description="port; 0: any free one")
    workers: int = Field(1, ge=1, le=256, description="API processes")
    insecure: bool = Field(False, description="serve without keys on an address that is not loopback")
    allowed_hosts: tuple[str, ...] = Field(
        (),
        description="names that requests may be for, comma-separated; none: any, on loopback only its own",
    )
    cors_origins: tuple[str, ...] = Field((), description="origins browsers may call from, comma-separated; none")
    max_body: int = Field(16 << 20, ge=1024, description="bytes of a request body, as sent and unpacked")
    bodies_mb: int = Field(
        256, ge=1, description="megabytes of bodies that a process holds at once; of one client a quarter"
    )
    body_seconds: float = Field(
        30, gt=0, le=3600, description="time that a body may take to come, and an answer to be taken"
    )
    max_batch: int = Field(1000, ge=1, description="items in one POST /similar or PUT /items")
    max_results: int = Field(50_000, ge=1, description="results that one POST /similar may ask for: items times k")
    max_items: int = Field(1_000_000, ge=1, description="items that may be stored, deleted ones included")
    max_item: int = Field(16 << 10, ge=1024, description="bytes of one stored item: id, title, category, metadata")
    items_mb: int = Field(256, ge=1, description="megabytes of all stored items; each process holds them")
    max_events: int = Field(50_000, ge=1, description="rows in one POST /events")
    request_seconds: float = Field(30, gt=0, le=3600, description="time that an answer may take; not of streams")
    search_threads: int = Field(4, ge=1, le=64, description="threads of a process that search and recommend")
    search_queue: int = Field(
        1_000_000,
        ge=1,
        description="results that a process works on at once; a request counts 500 besides; diversity, max_per and "
        "discovery five times",
    )
    write_threads: int = Field(6, ge=1, le=64, description="threads of a process that store events and items")
    write_queue: int = Field(
        512, ge=1, description="writing requests that a process works on at once; 100 kB of a body count as one"
    )
    manage_threads: int = Field(
        4, ge=1, le=64, description="threads of a process for jobs, rejects, users' events and models"
    )
    manage_queue: int = Field(128, ge=1, description="such requests that a process works on at once")
    stuck_seconds: float = Field(
        30, gt=0, le=3600, description="time in which all threads of a pool hang before /readyz says so"
    )
    max_streams: int = Field(256, ge=1, description="open streams of jobs in a process")
    max_streams_per_key: int = Field(16, ge=1, description="open streams of one key, or of one address without keys")
    stream_seconds: float = Field(
        900, gt=0, le=86_400, description="time after which a stream ends; clients come back to the same line"
    )
    rate_per_key: float = Field(
        5000,
        ge=0,
        description="requests per second and key, bursts of twice that; a dear one counts as several; 0: no limit",
    )
    rate_per_address: float = Field(
        2000, ge=0, description="requests per second and address, bursts of twice that; 0: no limit"
    )
    connections: int = Field(2000, ge=1, description="connections of a process; for one more, a silent one is closed")
    connections_per_address: int = Field(
        256, ge=0, description="of one address (of IPv6, the first half of it); 0: as many as there may be"
    )
    head_seconds: float = Field(10, gt=0, le=3600, description="time that the head of a request may take to come")
    watch_seconds: float = Field(0.5, gt=0, le=60, description="how often a process looks for a new model")
    refresh_seconds: float = Field(0.25, gt=0, le=1, description="how often a process looks for changed items and keys")
    new_items: int = Field(
        200_000, ge=0, description="items without a past that get vectors by their content, about 1 kB each; 0: none"
    )
    rejects_kept: int = Field(100_000, ge=0, description="rejected events kept for reading; older ones go")
    events_days: float = Field(0, ge=0, le=36_500, description="days that events are kept since they came; 0: for ever")
    rejects_days: float = Field(30, ge=0, le=36_500, description="days that rejected events are kept; 0: for ever")
    jobs_days: float = Field(
        365, ge=0, le=36_500, description="days that jobs are kept since they ended, with their logs; 0: for ever"
    )
    audit_days: float = Field(400, ge=0, le=36_500, description="days that the audit is kept, 90 at least; 0: for ever")
    half_life_days: float = Field(
        0,
        ge=0,
        le=36_500,
        description="days after which a stored event of a user counts half in the user's recommendations; 0: the last "
        "few events count, by their place",
    )
    rank_days: float = Field(14, gt=0, le=36_500, description="days that an event with a time counts in POST /rank")
    rank_segment: str | None = Field(
        None,
        description="field of the metadata whose values are the segments of POST /rank; none: as the model was trained",
    )
    recall_sample: float = Field(0.01, ge=0, le=1, description="share of searches repeated exactly to measure recall")
    access_log: bool = Field(True, description="one line per request")
    leave_seconds: float = Field(
        0.0, ge=0, description="time after SIGTERM in which requests are still taken, while /healthz says 503"
    )
    drain_seconds: int = Field(20, ge=1, description="time open requests get to end at SIGTERM")
    train_config: Path | None = Field(None, description="TOML file of the training, for the worker")
    retrain_every: str | None = Field(None, description="cron expression (UTC) of regular retraining; none")
    job_hours: float = Field(24, gt=0, le=8760, description="hours that a retraining may take, until it fails")
    hang_minutes: float = Field(
        20, gt=0, le=1440, description="minutes that a training may do nothing, until it is begun once more, then fails"
    )

    @field_validator("audit_days")
    @classmethod
    def _the_database_lets_them_go(cls, days: float) -> float:
        if 0 < days < 90:
            raise ValueError("the database keeps rows of the audit for 90 days at least: 0 or 90 and more")
        return days

    @property
    def database_url(self) -> str:
        """With its password: not for logs."""
        if self.database is not None:
            return self.database.get_secret_value()
        return f"sqlite:///{self.models.absolute() / 'item2vec.db'}"

    @property
    def hosts(self) -> frozenset[str] | None:
        """Names that a request may be for, in lower case; None: any."""
        if self.allowed_hosts:
            return frozenset(name.lower() for name in self.allowed_hosts)
        return frozenset((*LOOPBACK, "[::1]")) if self.loopback else None

    @property
    def loopback(self) -> bool:
        return self.host in LOOPBACK

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None, **given: Any) -> "Settings":
        """`given` goes before the environment; None means not given. Raises ConfigError that names the variable."""
        environ = os.environ if environ is None else environ
        values: dict[str, Any] = {}
        for name, field in cls.model_fields.items():
            text = environ.get(PREFIX + name.upper())
            if text is not None and text != "":
                many = field.annotation == tuple[str, ...]
                values[name] = tuple(t.strip() for t in text.split(",") if t.strip()) if many else text
        if "database" not in values and (url := _secret(environ, "DATABASE_FILE")):
            values["database"] = url
        if "database" in values and (password := _secret(environ, "DATABASE_PASSWORD_FILE")):
            values["database"] = _with_password(values["database"], password)
        values.update({name: value for name, value in given.items() if value is not None})
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            # Without the value: it may hold a password.
            told = wrong_settings(error, cls, lambda name: f"{PREFIX}{name.upper()}", with_value=False)
            raise ConfigError(told) from None

    def environment(self) -> dict[str, str]:
        """The same settings as variables, for a child process."""
        found = {}
        for name in type(self).model_fields:
            value = getattr(self, name)
            if name == "database":
                value = value and value.get_secret_value()
            if value is not None and value != ():
                found[PREFIX + name.upper()] = ",".join(value) if isinstance(value, tuple) else str(value)
        return found


def _secret(environ: Mapping[str, str], name: str) -> str | None:
    """The content of the file that ITEM2VEC_<name> names; None where it names none. Raises ConfigError."""
    file = environ.get(PREFIX + name)
    if not file:
        return None
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ConfigError(f"{PREFIX}{name}: {file} cannot be read: {error.strerror}") from error


def _with_password(url: str, password: str) -> str:
    """The URL with the password of its user. Raises ConfigError where the URL names no user to have one."""
    parts = urlsplit(url)
    user, at, host = parts.netloc.rpartition("@")
    if not at or not user:
        raise ConfigError(f"{PREFIX}DATABASE_PASSWORD_FILE: the URL of the database names no user to have a password")
    name = user.partition(":")[0]
    return parts._replace(netloc=f"{name}:{quote(password, safe='')}@{host}").geturl()
