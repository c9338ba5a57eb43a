"""Last.fm: the plays of a thousand listeners, each with its time. The larger set has counts and no times."""

from collections.abc import Iterator

from training.events.sql import name
from training.presets.heads import Head
from training.presets.joins import csv, database, rows
from training.presets.preset import Log, Preset, Row, Settings, Variant, headed, unheaded

COLUMNS = ("user_id", "timestamp", "artist_id", "artist", "track_id", "track")
ANY, TIME = r".*", r"\d{4}-\d\d-\d\dT.*"
SHA1, COUNT = r"[0-9a-f]{40}", r"\d+"
# Of the plays, one in nine has no id of the track.
WITHOUT_ID = 0.2
NO_TIMES = (
    "it has how often each person played each artist, and not when: take the plays themselves (lastfm-dataset-1K)"
)


def items(log: Log) -> Iterator[Row]:
    """Titles from the plays themselves: of tracks, or of artists where the settings name those as the items. Lines that
    are broken are left out here: the reader of the log counts them."""
    if log.item not in COLUMNS:
        return
    title = "any_value(artist)" if log.item == "artist_id" else "any_value(artist || ' - ' || track)"
    with database() as connection:
        yield from rows(
            connection,
            f"SELECT {name(log.item)} AS item_id, {title} AS title, any_value(artist) AS category "
            f"FROM {csv(log.files, COLUMNS, header=False, delimiter=chr(9), quote='', lenient=True)} "
            f"WHERE {name(log.item)} <> '' GROUP BY ALL ORDER BY item_id",
        )


def fits_counts(head: Head) -> Settings | None:
    columns = ("user", "artist_id", "artist", "plays")
    return unheaded("\t", columns, (SHA1, ANY, ANY, COUNT), {})(head) or headed(
        "\t", {"user": "userID", "item": "artistID", "weight": "weight"}
    )(head)


PRESET = Preset(
    "lastfm",
    "Last.fm",
    (
        Variant(
            "Last.fm 1K",
            names=("userid-timestamp-artid-artname-traid-traname*",),
            fits=unheaded(
                "\t",
                COLUMNS,
                (r"user_\d+|\w+", TIME, ANY, ANY, ANY, ANY),
                {
                    "user": "user_id",
                    "item": "track_id",
                    "time": "timestamp",
                    "quoting": "none",
                    "max_bad_share": WITHOUT_ID,
                },
            ),
            items=items,
            notes=(
                "one play in nine has no id of its track; such rows are rejected and counted, and up to "
                f"{WITHOUT_ID:.0%} of them are allowed. --item artist_id takes artists",
            ),
        ),
        Variant(
            "Last.fm with counts (360K, hetrec)",
            names=("usersha1-artmbid-artname-plays*", "user_artists.dat*"),
            fits=fits_counts,
            refusal=NO_TIMES,
        ),
    ),
)
