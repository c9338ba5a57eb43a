"""Times in files: the SQL reads what the parser of record reads, and refuses what it refuses; what a log decides."""

import datetime as dt
import random
import re

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.times import READ, REFUSED

from index.errors import EventsError, EventsRejected
from store.times.numbers import LATEST, NUMBER_FORMS
from store.times.reading import TimeRule, read_time
from training.events.reader import EventReader
from training.events.sources import open_sources
from training.events.sql import connect
from training.events.times.look import DATES_OF, FAST, ORDERED
from training.events.times.twin import is_shared, text_sql
from training.eventsconfig import EventsConfig

# No _ among them: both read 1_000, but beyond 15 digits DuckDB's cast to DOUBLE ends at it.
LETTERS = "0123456789-/:.,+TZtz WAPMapmUTCe"
EVERY = [text for texts in READ.values() for text in texts] + REFUSED
ORDERS = {order: [f.format(d=date) for date in dates for f in ORDERED] for order, dates in DATES_OF.items()}
FORMATS = ["%Y-%m-%d %H:%M:%S", "%d/%m/%Y %H:%M", "%m/%d/%y %I:%M %p", "%d %b %Y", "%Y%m%d", "%Y-%m-%d %H:%M:%S %Z"]
FORMATS += ["%Y-%m-%dT%H:%M:%S.%f%z", "%Y-%m-%dT%H:%M:%SZ"]
NUMBERS = [
    "1709251236",
    "1709251236.123456",
    "1709251236123.75",
    "1709251236123456789",
    "1.7e9",
    "20240301",
    "45352.000417",
]
NUMBERS += [
    "45352,448611",
    "1709251236,123456",
    "20240301,1046",
    "1032024",
    "31032024",
    "240301",
    "2403011046",
    "739312.5",
    "60370.5",
    "2460370.5",
    "202403011200",
    "20240301120036",
    "2024",
    "133537248360000050.",
    "638448480360000000",
    "730944000.5",
]


@pytest.fixture(scope="module")
def connection():
    connection = connect(500)
    yield connection
    connection.close()


def within(micros):
    return micros if micros is not None and 0 <= micros <= LATEST else None


def agree(connection, texts, rule, fast=""):
    """Whether SQL and the parser of record say the same of each text."""
    connection.execute("CREATE OR REPLACE TEMP TABLE texts AS SELECT unnest(?::VARCHAR[]) AS x", [texts])
    found = connection.execute(f"SELECT {text_sql('x', rule, 'TRY_CAST(x AS BIGINT)', fast)} FROM texts").fetchall()
    for text, (micros,) in zip(texts, found, strict=True):
        assert within(micros) == within(read_time(text, rule)), (text, rule, fast)


def broken(text, rng):
    """With a few letters put in, taken out or replaced."""
    letters = list(text)
    for _ in range(rng.choice([0, 1, 1, 2, 3])):
        at = rng.randrange(len(letters) + 1)
        letters[at : at + rng.randrange(2)] = rng.choice(["", rng.choice(LETTERS)])
    return "".join(letters)


SEEDS = st.integers(0, 2**32).map(random.Random)
SOME = settings(max_examples=5, deadline=None)


@SOME
@given(SEEDS, st.sampled_from(["UTC", "+02:00", "Europe/Berlin"]), st.sampled_from(["", "mdy", "dmy"]))
def test_sql_and_parser_read_the_same_texts_the_same_way(connection, rng, zone, order):
    agree(connection, EVERY + [broken(rng.choice(EVERY), rng) for _ in range(400)], TimeRule(zone=zone, order=order))


@SOME
@given(SEEDS, st.sampled_from(["auto", "s", "ms", "us", "ns"]))
def test_sql_and_parser_read_the_same_numbers_the_same_way(connection, rng, unit):
    agree(connection, NUMBERS + [broken(rng.choice(NUMBERS), rng) for _ in range(400)], TimeRule(unit=unit))


@SOME
@given(SEEDS, st.sampled_from(["UTC", "Europe/Berlin"]))
def test_what_duckdb_reads_by_itself_is_what_the_parser_reads(connection, rng, zone):
    for order, formats in [("", FAST), *ORDERS.items()]:
        for form in formats:
            moments = [dt.datetime.fromtimestamp(rng.randrange(1, 2**32), dt.UTC) for _ in range(25)]
            texts = [broken(moment.strftime(form), rng) for moment in moments] + [moments[0].strftime(form)]
            agree(connection, texts, TimeRule(zone=zone, order=order), form)


@SOME
@given(SEEDS, st.sampled_from([*NUMBER_FORMS, *FORMATS]), st.sampled_from(["UTC", "-05:00", "Europe/Berlin"]))
def test_a_format_means_the_same_to_both(connection, rng, form, zone):
    moments = [dt.datetime.fromtimestamp(rng.randrange(1, 2**32), dt.UTC) for _ in range(60)]
    texts = NUMBERS + [moment.strftime(form) if "%" in form else NUMBERS[-1] for moment in moments]
    fast = form if "%" in form and is_shared(form) else ""
    agree(connection, texts + [broken(rng.choice(texts), rng) for _ in range(200)], TimeRule(form, zone), fast)


@pytest.fixture
def log(tmp_path):
    """Writes times as a log; returns how it is opened and read."""

    connections = []

    def made(times, name="log.csv", **given):
        path = tmp_path / name
        if name.endswith("csv"):
            path.write_text("user_id,item_id,timestamp\n" + "".join(f'u,i,"{time}"\n' for time in times))
        else:
            values = times if isinstance(times, pa.Array) else pa.array(times)
            pq.write_table(
                pa.table({"user_id": ["u"] * len(values), "item_id": ["i"] * len(values), "timestamp": values}), path
            )
        connections.append(connect(500))
        return Log(EventsConfig(paths=(str(path),), **given), tmp_path / "rejects.parquet", connections[-1])

    yield made
    for connection in connections:
        connection.close()


class Log:
    def __init__(self, config, rejects, connection):
        self.sources = open_sources(config, connection)
        self.times = self.sources.times
        self._reader = EventReader(self.sources, config, connection, rejects=rejects)
        self._rejects = rejects

    def read(self):
        """ISO 8601 of every event."""
        return [
            dt.datetime.fromtimestamp(t / 1e6, dt.UTC).isoformat()[:19] for b in self._reader for t in b.times.tolist()
        ]

    def rejects(self):
        return pq.read_table(self._rejects).to_pylist()


def test_a_day_above_12_far_down_the_log_decides_what_comes_first(log):
    early, late = ["3/4/2024 8:26"] * 30_000, ["3/14/2024 8:26"]
    found = log([*early, *late])
    assert (found.times.days.order, found.times.days.dates, found.times.days.month_first) == ("mdy", 30_001, 1)
    assert set(found.read()) == {"2024-03-04T08:26:00", "2024-03-14T08:26:00"}
    assert "'3/4/2024 8:26' are read with the month first" in str(found.times.guessed())


@pytest.mark.parametrize(
    ("times", "read"),
    [
        (["01/02/2024", "31/12/2024"], ["2024-02-01T00:00:00", "2024-12-31T00:00:00"]),
        (["1-2-24 1:05 PM", "1-31-24 12:00 AM"], ["2024-01-02T13:05:00", "2024-01-31T00:00:00"]),
        (["5/3/24", "31/3/24"], ["2024-03-05T00:00:00", "2024-03-31T00:00:00"]),
        (["3/4/2024, 08:26:01", "12/25/2023, 08:26:01"], ["2024-03-04T08:26:01", "2023-12-25T08:26:01"]),
    ],
)
def test_common_dates_are_read_where_the_log_decides(log, times, read):
    assert log(times).read() == read


def test_a_date_that_contradicts_the_others_is_rejected_and_told(log):
    found = log(["3/14/2024"] * 30 + ["14/3/2024"] + ["3/4/2024"], max_bad_share=1.0)
    assert found.read() == ["2024-03-14T00:00:00"] * 30 + ["2024-03-04T00:00:00"]
    (reject,) = found.rejects()
    assert (reject["row"], reject["reason"]) == (31, "bad_time")
    assert reject["detail"] == "time 14/3/2024: it looks like day and month, in this order"


@pytest.mark.parametrize(
    ("times", "formats"),
    [
        (["3/4/2024 8:26", "5/6/2024 9:00"], ("%m/%d/%Y %H:%M", "%d/%m/%Y %H:%M")),
        (["03-04-24", "05-06-24"], ("%m-%d-%y", "%d-%m-%y", "%y-%m-%d")),
        (["3/4/2024 8:26:10 PM"], ("%m/%d/%Y %I:%M:%S %p", "%d/%m/%Y %I:%M:%S %p")),
        (["24/03/15", "24/03/16"], ("%d/%m/%y", "%y/%m/%d")),  # the year may be first
        (["10-03-11 9:00", "11-03-12 9:00"], ("%m-%d-%y %H:%M", "%d-%m-%y %H:%M", "%y-%m-%d %H:%M")),
        (["3/1/2024, 10:46 AM"], ("%m/%d/%Y, %I:%M %p", "%d/%m/%Y, %I:%M %p")),
        (["3/1/2024 10:46:00.25 +0200"], ("%m/%d/%Y %H:%M:%S.%f %z", "%d/%m/%Y %H:%M:%S.%f %z")),
        (["13/4/2024", "4/13/2024"], ("%m/%d/%Y", "%d/%m/%Y")),  # a contradiction
    ],
)
def test_dates_that_nothing_decides_stop_with_the_lines_to_type(log, times, formats):
    with pytest.raises(EventsError) as stopped:
        log(times).read()
    for form in formats:
        assert f"--time-format '{form}'" in str(stopped.value)
    assert repr(times[0]) in str(stopped.value) or len(times) > 1
    offers = re.findall("--time-format '([^']*)'", str(stopped.value))
    assert sorted(offers) == sorted(formats)
    assert all(any(read_time(time, TimeRule(form)) is not None for time in times) for form in offers)
    told = formats[0]
    sure = [time for time in times if read_time(time, TimeRule(told)) is not None]
    assert len(log(times, time_format=told, max_bad_share=1.0).read()) == len(sure)


def test_a_comma_for_decimals_is_read_and_the_form_is_found(log):
    times = ["45352,4486112", "45352,5", "45353,25"]
    with pytest.raises(EventsError, match="--time-format excel"):
        log(times).read()
    assert log(times, time_format="excel").read() == [
        "2024-03-01T10:46:00",
        "2024-03-01T12:00:00",
        "2024-03-02T06:00:00",
    ]


def test_numbers_in_another_unit_than_was_said_are_offered_the_right_one(log):
    times = ["1709288430123", "1709288440123"]
    with pytest.raises(EventsRejected, match="It may be --time-unit ms"):
        log(times, time_unit="s").read()
    assert len(log(times, time_unit="ms").read()) == 2


def test_dates_that_no_order_makes_a_time_are_not_said_to_be_read(log):
    """What is offered reads them."""
    found = log(["01/03/2024 10h46", "31/03/2024 9h05"])
    assert found.times.guessed() is None
    assert found.times.ambiguous() is None
    with pytest.raises(EventsRejected, match="no time in either order") as stopped:
        found.read()
    (form,) = re.findall("--time-format '([^']*)'", str(stopped.value))
    assert log(["01/03/2024 10h46", "31/03/2024 9h05"], time_format=form).read() == [
        "2024-03-01T10:46:00",
        "2024-03-31T09:05:00",
    ]


ODD = {
    "yyyymmdd": ["20240301", "20240302"],
    "yyyymmddhhmm": ["202403011000", "202403021000"],
    "yyyymmddhhmmss": ["20240301100000", "20240302100000"],
    "excel": ["45352.416667", "45353.5"],
    "ticks": ["638448840000000000", "638449704000000000"],
    "filetime": ["133537608000000000", "133538472000000000"],
    "webkit": ["13353760800000000", "13353847200000000"],
    "ddmmyyyy or --time-format mmddyyyy": ["1032024", "2032024"],
    "mjd": ["60370.5", "60371.5"],
    "matlab": ["739312.5", "739313.5"],
    "julian": ["2460370.916667", "2460371.5"],
}


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("kind", ["log.csv", "log.parquet"])
def test_numbers_that_are_no_epoch_stop_and_are_read_once_named(log, name, kind):
    times = ODD[name] * 5
    if kind == "log.parquet":
        times = [float(time) if "." in time else int(time) for time in times]
    with pytest.raises(EventsError, match=f"--time-format {name}\\. If they do count since 1970"):
        log(times, kind).read()
    assert {day[:10] for day in log(times, kind, time_format=name.split()[0]).read()} == {"2024-03-01", "2024-03-02"}
    # Whoever says the unit, or gives the sessions, is believed.
    assert log(times, kind, time_unit="s", max_bad_share=1.0).times.number is None
    log(times, kind, session="user_id", max_bad_share=1.0).read()


@pytest.mark.parametrize("times", [["2019", "2020", "2021"], ["19783", "19784", "19783"], ["45352", "45353", "45352"]])
def test_less_certain_numbers_are_read_as_before_and_warned_of(log, times):
    found = log(times)
    assert len(found.read()) == len(times)
    assert found.sources.times.no_epoch() is not None
    assert found.sources.times.severity(sessions_given=False) == "warn"


@pytest.mark.parametrize("times", [["1709288430", "1709288440"], ["0", "1", "2"], ["1709288430000"], ["2024-03-01"]])
def test_usual_times_are_read_without_a_word(log, times, caplog):
    assert len(log(times).read()) == len(times)
    assert not caplog.records


def test_times_that_cannot_be_read_are_named_with_what_they_look_like(log):
    with pytest.raises(EventsRejected) as stopped:
        log(["10:30", "10:31", "2024-03-01 10:00:00 CEST"]).read()
    said = str(stopped.value)
    assert "'10:30' (it is a time of day without a date)" in said
    assert "its zone CEST has no one meaning" in said
    assert "--time-format" in said
    assert "--user" not in said


def test_a_zone_is_of_text_timestamps_and_dates_that_say_none(log):
    berlin = {"time_zone": "Europe/Berlin"}
    assert log(["2024-07-01 12:00:00", "2024-07-01 12:00:00Z"], **berlin).read() == [
        "2024-07-01T10:00:00",
        "2024-07-01T12:00:00",
    ]
    moment = dt.datetime(2024, 7, 1, 12)
    plain, zoned = pa.array([moment, None]), pa.array([moment.replace(tzinfo=dt.UTC)])
    assert log(plain, "log.parquet", max_bad_share=1.0, **berlin).read() == ["2024-07-01T10:00:00"]
    assert log(zoned, "log.parquet", **berlin).read() == ["2024-07-01T12:00:00"]
    assert log(pa.array([moment.date()]), "log.parquet", time_zone="-05:00").read() == ["2024-07-01T05:00:00"]


@pytest.mark.parametrize("wrong", [{"time_format": "dd.mm.yyyy"}, {"time_format": "%H:%M"}, {"time_zone": "Mars"}])
def test_a_format_or_a_zone_that_cannot_be_is_refused_with_the_settings(wrong):
    with pytest.raises(ValueError, match="time_format or time_zone: "):
        EventsConfig(**wrong)
    with pytest.raises(ValueError, match="give one of them"):
        EventsConfig(time_format="excel", time_unit="s")
