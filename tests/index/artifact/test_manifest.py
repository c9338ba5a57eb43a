import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from support.reports import report, row

from index.artifact.manifest import (
    SCHEMA_VERSION,
    Data,
    FileEntry,
    Gate,
    IndexFacts,
    Manifest,
    TrainingFacts,
    check_version,
)
from index.errors import ArtifactCorrupt, ArtifactError, ArtifactUnsupported, RegistryError

SOURCE = Path("models/versions/20261124-061512/manifest.json")


def manifest(**changes: Any) -> Manifest:
    fields: dict[str, Any] = {
        "version": "20261124-061512",
        "created": datetime(2026, 11, 24, 6, 15, 12, tzinfo=UTC),
        "config": {"trainer": {"dims": 100}, "events": {"paths": ["lög.csv"]}},
        "recommender": {"reading": "mean"},
        "seed": 1,
        "libraries": {"numpy": "2.4.6"},
        "data": Data(fingerprint="ab12", events=10, sessions=3, items=4, tokens=9, rejected={"no_time": 1}),
        "trained_on": "all",
        "index": {"similar": IndexFacts.model_validate({"kind": "hnsw", "recall_at_10": 0.99, "efSearch": 64})},
        "training": TrainingFacts(engine="sgns", learning_rate=1.0, restarts=0, started_from=None),
        "metrics": report([row("item2vec", 0.25)]),
        "timings": {"train": 1.5},
        "gate": Gate(
            accepted=True,
            forced=False,
            reasons=[],
            figures={"T1_against_popularity": [0.1, 0.05, 0.2], "T1_prefixes_shared": [400]},
        ),
        "files": {"counts.npy": FileEntry(bytes=3, sha256="0" * 64)},
    }
    return Manifest(**{**fields, **changes})


def edited(change: dict[str, Any]) -> bytes:
    """A manifest with other top-level fields and a checksum that fits them, as a later release would write it."""
    return manifest().model_copy(update=change).to_json()


def test_a_manifest_comes_back_as_it_was_written() -> None:
    written = manifest()
    assert Manifest.from_json(written.to_json(), SOURCE) == written


def test_the_written_manifest_is_plain_json_with_its_schema_version() -> None:
    fields = json.loads(manifest().to_json())
    assert fields["schema_version"] == SCHEMA_VERSION
    assert fields["created"] == "2026-11-24T06:15:12Z"
    assert fields["files"]["counts.npy"] == {"bytes": 3, "sha256": "0" * 64}
    assert fields["index"] == {"similar": {"kind": "hnsw", "recall_at_10": 0.99, "efSearch": 64}}
    assert fields["training"] == {"engine": "sgns", "learning_rate": 1.0, "restarts": 0, "started_from": None}
    assert fields["gate"]["figures"] == {"T1_against_popularity": [0.1, 0.05, 0.2], "T1_prefixes_shared": [400]}
    assert fields["metrics"]["tasks"]["T1"][0]["hr@20"] == [0.25, 0.15, 0.35]


@given(st.data())
def test_any_altered_byte_of_a_manifest_is_refused_with_its_name(data: st.DataObject) -> None:
    raw = bytearray(manifest().to_json())
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(ArtifactError, match=r"manifest\.json"):
        Manifest.from_json(bytes(raw), SOURCE)


@given(st.integers(0, len(manifest().to_json()) - 1))
def test_a_manifest_torn_anywhere_is_refused_with_its_name(length: int) -> None:
    with pytest.raises(ArtifactCorrupt, match=r"manifest\.json"):
        Manifest.from_json(manifest().to_json()[:length], SOURCE)


@given(st.binary(max_size=60))
def test_bytes_that_are_no_manifest_are_refused_as_corrupt(raw: bytes) -> None:
    with pytest.raises(ArtifactCorrupt, match=r"manifest\.json"):
        Manifest.from_json(raw, SOURCE)


@pytest.mark.parametrize("raw", [b'{"schema_version": 1}', b'{"schema_version": true}', b'{"schema_version": 0}'])
def test_a_manifest_without_checksum_or_usable_schema_is_corrupt(raw: bytes) -> None:
    with pytest.raises(ArtifactCorrupt):
        Manifest.from_json(raw, SOURCE)


def test_a_manifest_of_a_newer_schema_is_unsupported_whatever_else_it_holds() -> None:
    with pytest.raises(ArtifactUnsupported, match=r"schema 2.*upgrade"):
        Manifest.from_json(b'{"schema_version": 2, "all": "different"}', SOURCE)


def test_unknown_fields_of_the_same_schema_are_ignored() -> None:
    class Later(Manifest):
        mood: str = "good"

    written = Later(**manifest().model_dump()).to_json()
    assert b'"mood"' in written
    assert Manifest.from_json(written, SOURCE) == manifest()


@pytest.mark.parametrize(
    "name", ["../counts.npy", "/etc/passwd", "a/b.npy", "..", ".", ".lock", "", "a\\b", "manifest.json"]
)
def test_a_file_name_that_leaves_the_directory_is_refused(name: str) -> None:
    entry = FileEntry(bytes=3, sha256="0" * 64)
    with pytest.raises(ValidationError):
        manifest(files={name: entry})
    with pytest.raises(ArtifactCorrupt, match=r"manifest\.json.*files"):
        Manifest.from_json(edited({"files": {name: entry}}), SOURCE)


def test_times_are_kept_in_utc_and_a_time_without_zone_is_refused() -> None:
    written = manifest(created=datetime(2026, 11, 24, 8, 15, 12, tzinfo=timezone(timedelta(hours=2))))
    assert written == manifest()
    assert written.created.tzinfo is UTC
    with pytest.raises(ValidationError):
        manifest(created=datetime(2026, 11, 24, 6, 15, 12))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object(), np.int64(1), np.float32(1)])
def test_settings_that_json_cannot_hold_are_refused_when_written(value: object) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 (pydantic's and json's own messages)
        manifest(recommender={"item_counts": [value]}).to_json()


@pytest.mark.parametrize("figure", [float("nan"), float("inf")])
def test_figures_that_json_cannot_hold_are_refused_when_written(figure: float) -> None:
    written = manifest(metrics=report([row("item2vec", figure)]))
    with pytest.raises(ValueError, match="not JSON compliant"):
        written.to_json()


def test_a_version_without_an_evaluation_or_notes_on_its_training_says_so_with_empty_objects() -> None:
    bare = manifest(metrics=None, training=None)
    fields = json.loads(bare.to_json())
    assert (fields["metrics"], fields["training"]) == ({}, {})
    assert Manifest.from_json(bare.to_json(), SOURCE) == bare


def test_a_step_that_took_no_finite_time_is_refused_when_written() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        manifest(timings={"train": float("nan")}).to_json()


@given(st.text() | st.text("\n/. ٣a", min_size=1).map("20261124-061512".__add__))
def test_a_string_that_is_not_a_version_name_is_refused(text: str) -> None:
    with pytest.raises(RegistryError, match="not a version"):
        check_version(text)


@pytest.mark.parametrize("version", ["20261124-061512", "20261124-061512-2", "20261124-061512-10"])
def test_version_names_are_accepted_as_they_are(version: str) -> None:
    assert check_version(version) == version
    assert manifest(version=version).version == version
