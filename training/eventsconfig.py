"""The settings of a log and of the metadata: where the files are, how they are written, and what their columns mean."""

from os import PathLike
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from store.times.numbers import NUMBER_FORMS
from store.times.reading import check_rule
from training.codec import codec
from training.setting import Settings, setting

SESSION = "(session)"  # the column that rows of sessions have without being asked

Tool = Literal[
    "gorse", "personalize", "metarank", "recbole", "movielens", "yoochoose", "retailrocket", "instacart", "lastfm"
]


class EventsConfig(Settings):
    """Where the log is and what its columns are called."""

    paths: tuple[str, ...] = setting((), "files, folders or globs of the log (CSV, JSON, Parquet, Arrow, ORC)")
    items: tuple[str, ...] = setting(
        (), "metadata of the items: files, folders or globs with the item id and any of title, category, available, ..."
    )
    items_id: str | None = setting(
        None, "column of the item id in the metadata; without it, the log's, or the one whose values are in the log"
    )
    items_format: Literal["auto", "csv", "jsonl", "parquet", "arrow", "orc"] = setting(
        "auto", "format of the metadata; auto: by the name of each file, else as the log's"
    )
    items_header: Literal["auto", "yes", "no"] = setting(
        "auto", "whether the first line of CSV files of the metadata names the columns"
    )
    items_columns: tuple[str, ...] = setting((), "names of all columns, in order, for CSV files of the metadata")
    items_delimiter: str | None = setting(
        None,
        "delimiter of the metadata; without it, the log's where it fits, else detected",
        min_length=1,
        max_length=4,
    )
    items_quoting: Literal["auto", "none"] = setting(
        "auto", "none: quotes in CSV files of the metadata are characters like any other; auto: as in the log"
    )
    items_encoding: str = setting("auto", "encoding of the metadata; auto: the log's where it fits, else guessed")
    items_lists: tuple[str, ...] = setting(
        (), "fields of the metadata whose texts are lists, with bars, semicolons or commas between: genres, tags, ..."
    )
    preset: Tool | None = setting(None, "whose files they are: columns, delimiters, times and items are then known")
    format: Literal["auto", "csv", "jsonl", "parquet", "arrow", "orc"] = setting(
        "auto", "format of the files; auto: by the name of each"
    )
    rows: Literal["events", "sessions"] = setting(
        "events", "what a row is: one event; or a session, with its ids in a list, or in a text with separators"
    )
    separator: str | None = setting(
        None,
        "what stands between the ids of a session in a text; without it, it is detected (needs rows sessions)",
        min_length=1,
        max_length=4,
    )
    user: str = setting("user_id", "column of the user id; here and below, a.b is the field b inside the column a")
    item: str = setting("item_id", "column of the item id, in the log and in the metadata")
    time: str = setting("timestamp", "column of the time: numbers since 1970 (s, ms, us or ns), or text")
    session: str | None = setting(None, "column of the session id; without it, sessions are cut by pauses")
    event_type: str | None = setting(None, "column of the event type")
    event_types: tuple[str, ...] = setting((), "keep only events of these types (needs event_type)")
    conversion_types: tuple[str, ...] = setting(
        (), "event types that are conversions: booked, bought, ... (needs event_type)"
    )
    dislike_types: tuple[str, ...] = setting(
        (),
        "event types that say no: skipped, rejected, returned, ...; no items of a session, but what is around them is "
        "not like them (needs event_type)",
    )
    type_weights: dict[str, Annotated[float, Field(ge=0, le=10_000)]] = setting(
        {}, "how much an event of each type counts, 1 where a type is not named (needs event_type)"
    )
    dwell: str | None = setting(None, "column of the dwell time in seconds")
    weight: str | None = setting(None, "column of the event's weight (a number >= 0)")
    time_unit: Literal["auto", "s", "ms", "us", "ns"] = setting(
        "auto", "unit of numeric times; auto: by the size of each number"
    )
    time_format: str | None = setting(
        None,
        "format of the times, where they are not read by themselves: of strptime (%d/%m/%Y %H:%M), or a form of "
        f"numbers ({', '.join(NUMBER_FORMS)})",
    )
    time_zone: str = setting("UTC", "zone of times that say none: Europe/Berlin, or an offset such as +02:00")
    header: Literal["auto", "yes", "no"] = setting(
        "auto",
        "whether the first line of CSV files names the columns; auto: unless all are named by number, or by columns",
    )
    columns: tuple[str, ...] = setting(
        (), "names of all columns, in order, for CSV files without them; else columns are called 1, 2, ..."
    )
    delimiter: str | None = setting(
        None, "delimiter of CSV files, of 1 to 4 characters; without it, it is detected", min_length=1, max_length=4
    )
    quoting: Literal["auto", "none"] = setting(
        "auto", "none: quotes in CSV files are characters like any other; auto: they enclose values, as usual"
    )
    encoding: str = setting(
        "auto", "encoding of CSV files and JSON lines, as Python calls it; auto: UTF-8 where it is that, else guessed"
    )
    unknown_users: Literal["auto", "single", "reject", "keep"] = setting(
        "auto",
        "rows of users who are not known (guest, null, ...) where no session is given: each a session of one event "
        "(single), rejected, or kept as if it were one user; auto: single, but rejected where there is no id at all",
    )
    max_bad_share: float = setting(0.05, "the training stops if a larger share of the rows is rejected", ge=0, le=1)
    memory_mb: int = setting(
        1500,
        "memory in MB for the events, and as much for the reader; what does not fit goes to disk",
        ge=200,
        le=1 << 22,
    )

    @property
    def weighed(self) -> bool:
        """Whether events have weights."""
        return self.weight is not None or bool(self.type_weights)

    @field_validator("items", mode="before")
    @classmethod
    def _one_or_several(cls, given: Any) -> Any:
        """One path, as settings of former releases have it, or none."""
        return () if given is None else (str(given),) if isinstance(given, str | PathLike) else given

    @field_validator("delimiter", "items_delimiter", mode="before")
    @classmethod
    def _typed_delimiter(cls, value: Any) -> Any:
        """A tab as people type it."""
        return {"tab": "\t", "TAB": "\t"}.get(value, value.replace("\\t", "\t")) if isinstance(value, str) else value

    @field_validator("delimiter", "items_delimiter")
    @classmethod
    def _delimiter_can_be_told(cls, value: str | None) -> str | None:
        if value is not None and (set(value) & set('"\r\n\\') or len(value.encode()) > 4):
            raise ValueError(
                "a delimiter is 1 to 4 characters, of 4 bytes at most, and no quote, backslash or end of line"
            )
        return value

    @field_validator("columns", "items_columns")
    @classmethod
    def _columns_differ(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        value = tuple(value[0].split(",")) if len(value) == 1 else value
        names = [name.strip() for name in value]
        if len(set(map(str.lower, names))) < len(names) or not all(names):
            raise ValueError("each column needs a name of its own; letter case makes no difference")
        return tuple(names)

    @field_validator("encoding", "items_encoding")
    @classmethod
    def _encoding_is_known(cls, value: str) -> str:
        return value if value == "auto" else codec(value)

    @model_validator(mode="after")
    def _times_can_be_read(self) -> "EventsConfig":
        try:
            check_rule(self.time_format or "", self.time_zone)
        except ValueError as error:
            raise ValueError(f"time_format or time_zone: {error}") from None
        if self.time_format is not None and self.time_unit != "auto":
            raise ValueError("time_unit is of numbers since 1970, and time_format of others: give one of them")
        return self

    @model_validator(mode="after")
    def _types_need_a_column(self) -> "EventsConfig":
        # A preset knows the column.
        for name in ("event_types", "conversion_types", "dislike_types", "type_weights"):
            if getattr(self, name) and self.event_type is None and self.preset is None:
                raise ValueError(f"{name} need event_type, the column to look in")
        both = set(self.dislike_types) & set(self.conversion_types)
        if both:
            raise ValueError(f"{min(both)!r} cannot be both in dislike_types and in conversion_types")
        return self

    @model_validator(mode="before")
    @classmethod
    def _a_row_gives_its_session(cls, given: Any) -> Any:
        """Rows that are sessions have a column that says which, and all that asks for given sessions finds it."""
        if isinstance(given, dict):
            sessions, session = given.get("rows") == "sessions", given.get("session")
            if sessions and session is None:
                return given | {"session": SESSION}
            if not sessions and session == SESSION:
                return given | {"session": None}
        return given

    @model_validator(mode="after")
    def _separators_need_sessions(self) -> "EventsConfig":
        if self.separator is not None and self.rows != "sessions":
            raise ValueError("separator needs rows = sessions: it stands between the ids of a session")
        return self
