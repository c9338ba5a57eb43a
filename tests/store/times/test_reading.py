"""The one reading of a time: every form that is read, what it means, and what is refused."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.times import READ, REFUSED

from store.times.civil import zone_of
from store.times.likeness import NumberForm, form_of, likeness, number_form
from store.times.numbers import DAY, LATEST, NUMBER_FORMS, Digits
from store.times.reading import TimeRule, check_rule, read_number, read_time, rule_of

PLAIN = TimeRule()
MOMENTS = st.datetimes(datetime(1971, 1, 1), datetime(2199, 12, 31), timezones=st.just(UTC))


def micros(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def at(text: str) -> int:
    """Written as Python itself reads it."""
    return micros(datetime.fromisoformat(text + ("" if text.endswith("Z") else "Z")))


@pytest.mark.parametrize(("text", "meant"), [(text, meant) for meant, texts in READ.items() for text in texts])
def test_a_form_is_read_as_it_is_meant(text, meant):
    assert read_time(text, PLAIN) == at(meant)


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_no_time_is_refused(text):
    assert read_time(text, PLAIN) is None


@pytest.mark.parametrize(
    ("text", "order", "meant"),
    [
        ("3/4/2024 8:26", "mdy", "2024-03-04T08:26:00"),
        ("3/4/2024 8:26", "dmy", "2024-04-03T08:26:00"),
        ("03-04-24 1:05 PM", "mdy", "2024-03-04T13:05:00"),
        ("03-04-24", "dmy", "2024-04-03T00:00:00"),
        ("12/31/1999, 11:59:59 PM", "mdy", "1999-12-31T23:59:59"),
    ],
)
def test_month_or_day_first_as_told(text, order, meant):
    assert read_time(text, TimeRule(order=order)) == at(meant)


def test_a_date_that_contradicts_the_order_is_refused():
    assert read_time("13/4/2024", TimeRule(order="mdy")) is None
    assert read_time("4/13/2024", TimeRule(order="dmy")) is None
    assert read_time("3/4-2024", TimeRule(order="dmy")) is None


@pytest.mark.parametrize(
    ("name", "text", "meant"),
    [
        ("yyyymmdd", "20240301", "2024-03-01T00:00:00"),
        ("yyyymmdd", "20240301.0", "2024-03-01T00:00:00"),
        ("yyyymmddhh", "2024030110", "2024-03-01T10:00:00"),
        ("yyyymmddhhmm", "202403011020", "2024-03-01T10:20:00"),
        ("yyyymmddhhmmss", "20240301102030", "2024-03-01T10:20:30"),
        ("year", "2024", "2024-01-01T00:00:00"),
        ("excel", "45352", "2024-03-01T00:00:00"),
        ("excel", "45352.25", "2024-03-01T06:00:00"),
        ("days", "19783", "2024-03-01T00:00:00"),
        ("julian", "2460370.5", "2024-03-01T00:00:00"),
        ("ticks", "638448840300000000", "2024-03-01T10:00:30"),
        ("filetime", "133537608300000000", "2024-03-01T10:00:30"),
        ("webkit", "13353760830000000", "2024-03-01T10:00:30"),
        ("cocoa", "730980030.5", "2024-03-01T10:00:30.5"),
    ],
)
def test_a_number_is_read_in_the_form_that_is_named(name, text, meant):
    assert read_time(text, TimeRule(format=name)) == at(meant)
    assert read_time("2024-03-01", TimeRule(format=name)) is None


@pytest.mark.parametrize(
    ("form", "text", "meant"),
    [
        ("%d/%m/%Y %H:%M", "03/04/2024 10:20", "2024-04-03T10:20:00"),
        ("%Y-%m-%d %H:%M:%S %Z", "2024-03-01 05:20:30 EST", "2024-03-01T10:20:30"),
        ("%Y-%m-%d %H:%M:%S %z %Z", "2024-03-01 12:20:30 +0200 UTC", "2024-03-01T10:20:30"),
        ("%Y-%m-%d %H:%M:%S.%f", "2024-03-01 10:20:30.123456789", "2024-03-01T10:20:30.123456"),
        ("%b %d %y, %I%p", "mar 01 24, 10PM", "2024-03-01T22:00:00"),
        ("%G-W%V-%u", "2024-W09-5", "2024-03-01T00:00:00"),
    ],
)
def test_a_format_of_strptime_is_read_and_nothing_else(form, text, meant):
    assert read_time(text, TimeRule(format=form)) == at(meant)
    assert read_time("1709288430", TimeRule(format=form)) is None
    assert read_time("2024-03-01T10:20:30Z", TimeRule(format=form)) is None


@pytest.mark.parametrize(
    ("form", "zone", "said"),
    [
        ("yyyy-MM-dd", "UTC", "neither a format of strptime"),
        ("%Q", "UTC", "%Q is no directive"),
        ("%H:%M", "UTC", "no year"),
        ("%Y %Y", "UTC", "twice"),
        ("", "Mars/Base", "neither a time zone"),
        ("", "../etc/passwd", "neither a time zone"),
        ("", "+25:00", "away from UTC"),
    ],
)
def test_a_rule_that_cannot_be_is_refused_in_words(form, zone, said):
    with pytest.raises(ValueError, match=said):
        check_rule(form, zone)


def test_a_rule_is_the_same_once_written():
    rule = TimeRule("%d/%m/%Y '\"", "Europe/Berlin", "ms", "dmy")
    assert rule_of(rule.to_json()) == rule


@settings(deadline=None)  # the table of a zone takes its time once
@given(
    st.datetimes(datetime(1971, 1, 1), datetime(2199, 12, 31)), st.sampled_from(["Europe/Berlin", "America/New_York"])
)
def test_a_wall_clock_is_read_as_the_zone_database_has_it(wall, name):
    zone = ZoneInfo(name)
    assert read_time(wall.isoformat(), TimeRule(zone=name)) == micros(wall.replace(tzinfo=zone).astimezone(UTC))


@pytest.mark.parametrize(
    ("wall", "utc"),
    [
        ("2024-03-31T01:59", "2024-03-31T00:59"),
        ("2024-03-31T02:30", "2024-03-31T01:30"),  # left out: as with the offset before, 03:30 in summer time
        ("2024-03-31T03:00", "2024-03-31T01:00"),
        ("2024-10-27T02:30", "2024-10-27T00:30"),  # twice: the first
        ("2024-10-27T03:00", "2024-10-27T02:00"),
    ],
)
def test_hours_that_are_left_out_or_come_twice_are_decided(wall, utc):
    assert read_time(wall, TimeRule(zone="Europe/Berlin")) == at(utc)
    assert read_time(wall + "Z", TimeRule(zone="Europe/Berlin")) == at(wall)


def test_an_offset_is_a_zone_and_summer_time_needs_a_name():
    assert read_time("2024-07-01 12:00", TimeRule(zone="+02:00")) == at("2024-07-01T10:00:00")
    assert read_time("45352.5", TimeRule("excel", "-05:00")) == at("2024-03-01T17:00:00")
    assert len(zone_of("Asia/Kolkata").breaks) == 0


UNITS = {"s": 1e6, "ms": 1e3, "us": 1.0, "ns": 1e-3}


@settings(deadline=None)  # the table of a zone takes its time once
@given(
    st.integers(1980, 2060), st.sampled_from(sorted(UNITS)), st.integers(1, 400), st.integers(0, 2**32), st.booleans()
)
def test_real_epochs_have_no_odd_form(year, unit, days, seed, fine):
    start, span = micros(datetime(year, 1 + seed % 12, 1, tzinfo=UTC)), days * DAY
    moments = [start + (seed * n * 7919) % span // 10**6 * 10**6 + (n if fine else 0) for n in range(50)]
    if unit == "ns" and year in (1989, 1990):
        return  # these are .NET ticks of our days
    numbers = [moment * 1000 if unit == "ns" else int(moment / UNITS[unit]) for moment in moments]
    found = number_form(numbers, micros(datetime(2026, 6, 1, tzinfo=UTC)))
    # That seconds count from 2001 is a guess, and no more than a note.
    assert found is None or (found.name == "cocoa" and not found.sure and unit == "s" and year < 1997)
    if unit != "s":
        assert found is None


@pytest.mark.parametrize(
    "numbers",
    [
        range(1, 30), range(100_000), [0] * 9, [5, 5, 6, 7] * 20, range(40_000, 50_000), range(2_447_000, 2_460_000, 1),
        [n * 0.5 for n in range(100_000)], range(1990, 2900), range(0, 86_400, 7), range(20_000_000, 20_300_000, 100),
        [], [float("nan"), float("inf")], [-5, -4],
    ],
    ids=lambda numbers: repr(numbers)[:40],
)  # fmt: skip
def test_positions_and_counters_have_no_odd_form(numbers):
    assert number_form(list(numbers), micros(datetime(2026, 6, 1, tzinfo=UTC))) is None


FORMS = {
    "yyyymmdd": "%Y%m%d",
    "yyyymmddhh": "%Y%m%d%H",
    "yyyymmddhhmm": "%Y%m%d%H%M",
    "yyyymmddhhmmss": "%Y%m%d%H%M%S",
    "ddmmyyyy": "%d%m%Y",
    "mmddyyyy": "%m%d%Y",
    "yymmdd": "%y%m%d",
    "yymmddhhmm": "%y%m%d%H%M",
    "yymmddhhmmss": "%y%m%d%H%M%S",
}


@settings(deadline=None)  # the table of a zone takes its time once
@given(st.sampled_from(sorted(NUMBER_FORMS)), st.integers(2006, 2025), st.integers(1, 2**32))
def test_numbers_of_a_form_are_recognised_and_read(name, year, seed):
    if name == "year":
        numbers = [year, year + 1, year]
    elif isinstance(NUMBER_FORMS[name], Digits):
        form = FORMS[name]
        moments = [datetime(year, 3, 1, tzinfo=UTC) + timedelta(minutes=(seed + n * 7919) % 90_000) for n in range(40)]
        numbers = [int(f"{moment:{form}}") for moment in moments]
    else:
        form = NUMBER_FORMS[name]
        top, bottom = form.micros
        start = micros(datetime(year, 1, 1, tzinfo=UTC)) - form.start
        moments = [start + (seed * n * 7919) % (90 * DAY) for n in range(40)]
        numbers = [m * bottom / top if top > 10**6 else m * bottom // top for m in moments]
    found = number_form(numbers, micros(datetime(2026, 6, 1, tzinfo=UTC)))
    assert found is not None
    assert found.name == name
    assert all(0 < read_number(number, TimeRule(name)) < LATEST for number in numbers)


def test_numbers_that_are_dates_either_way_are_both_offered():
    now = micros(datetime(2026, 6, 1, tzinfo=UTC))
    assert number_form([1032024, 2032024, 3032024], now) == NumberForm("ddmmyyyy", True, "mmddyyyy")
    assert number_form([1032024, 31032024], now) == NumberForm("ddmmyyyy", True)
    assert number_form([3012024, 3312024], now) == NumberForm("mmddyyyy", True)


@pytest.mark.parametrize(
    "numbers",
    [
        range(240301, 240331),  # of one month a counter looks alike
        range(240301, 240501),
        range(1_032_000, 1_033_000),
        range(28_488_166, 28_489_000),
        range(739_000, 739_300),
        range(60_000, 60_300, 3),
        [1709288430 + n * 977 for n in range(500)],
    ],
)
def test_counters_and_epochs_are_no_dates(numbers):
    assert number_form(list(numbers), micros(datetime(2026, 6, 1, tzinfo=UTC))) is None


@pytest.mark.parametrize(
    ("text", "form", "read"),
    [
        ("45352,5", "excel", "2024-03-01 12:00"),
        ("1709294400,0", "", "2024-03-01 12:00"),
        ("20240301,1200", "", "2024-03-01 12:00"),  # not a number: as before
        ("1032024", "ddmmyyyy", "2024-03-01 00:00"),
        ("01032024", "ddmmyyyy", "2024-03-01 00:00"),
        ("3012024", "mmddyyyy", "2024-03-01 00:00"),
        ("90301", "yymmdd", "2009-03-01 00:00"),
        ("60370.5", "mjd", "2024-03-01 12:00"),
        ("739312.5", "matlab", "2024-03-01 12:00"),
        ("45,352", "excel", None),
        ("1,709,294,400", "", None),
        ("032024", "ddmmyyyy", None),
    ],
)
def test_forms_of_numbers_are_read_and_commas_only_for_decimals(text, form, read):
    wanted = None if read is None else micros(datetime.fromisoformat(f"{read}:00+00:00"))
    assert read_time(text, TimeRule(form)) == wanted


def test_one_number_alone_shows_a_form_where_nobody_would_mean_an_epoch():
    assert form_of(20240301) == "yyyymmdd"
    assert form_of(202403011020) == "yyyymmddhhmm"
    assert form_of(133537608300000000) == "filetime"
    assert [form_of(n) for n in (0, 5, 45352, 1709288430, 1709288430123, 1709288430123456, 10**400, float("inf"))] == [
        None
    ] * 8


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty"),
        ("12/1/2010 8:26", "which comes first is not known"),
        ("13/1/2010 8:26", "day and month, in this order"),
        ("24-03-01 10:46", "day and month, or year and month"),
        ("01/03/2024 10h46", "no time in either order"),
        ("01/03/2567 10:46", "its year, 2567, is out of range"),
        ("2024-03-01 14:40 PM", "its hour is above 12"),
        ("3/1/2024 14:40 PM", "its hour is above 12"),
        ("1,709,289,960", "marks between its thousands"),
        ("1.709.289.960,5", "marks between its thousands"),
        ("45,352.448611", "marks between its thousands"),
        ("10:30", "without a date"),
        ("2024-03-01 10:20:30 CEST", "its zone CEST"),
        ("1. März 2024", "no English name"),
        ("20240301", "dates written as YYYYMMDD"),
        ("20240301102030", "YYYYMMDDHHMMSS"),
        ("13353760830000000", "WebKit"),
        ("soon", ""),
    ],
)
def test_a_rejected_time_is_told_what_it_looks_like(text, said):
    assert said in likeness(text)
    assert bool(said) == bool(likeness(text))


@settings(deadline=None)  # the table of a zone takes its time once
@given(st.text(max_size=150))
def test_any_text_is_a_time_or_none(text):
    for rule in (
        PLAIN,
        TimeRule(format="%d/%m/%Y %Z"),
        TimeRule(format="excel", zone="Asia/Tokyo"),
        TimeRule(order="mdy"),
    ):
        found = read_time(text, rule)
        assert found is None or isinstance(found, int)
    assert isinstance(likeness(text), str)


@settings(deadline=None)  # the table of a zone takes its time once
@given(MOMENTS)
def test_what_is_written_is_read(moment):
    for form in (
        "%Y-%m-%dT%H:%M:%S.%fZ",
        "%a, %d %b %Y %H:%M:%S GMT",
        "%d/%b/%Y:%H:%M:%S +0000",
        "%c",
        "%d.%m.%Y %H:%M:%S",
    ):
        exact = micros(moment) if "%f" in form else micros(moment.replace(microsecond=0))
        assert read_time(moment.strftime(form), PLAIN) == exact
