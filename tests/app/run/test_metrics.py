"""/metrics does not grow: not with the models that served, nor the files that several processes share."""

import json
import os
import re
import subprocess
import sys

from support.live import serving

from benchmarks.http.world import publish

SWAPS = 30
ASKED = ("/similar/item-000001", "/similar?item_id=item-000001", "/similar/nobody", "/items", "/metrics")


def test_thirty_swaps_leave_as_many_lines_as_three(tmp_path):
    versions = [publish(tmp_path / "models", 20, seed) for seed in range(SWAPS)]
    lines = []
    with serving(tmp_path / "models", watch_seconds=60) as client:
        for version in versions:
            assert client.post(f"/models/{version}/activate").json()["model_version"] == version
            for path in ASKED:
                text = client.get(path).text
            lines.append(len(text.splitlines()))
    assert lines[2:] == [lines[2]] * (SWAPS - 2)
    assert re.findall(r'model_version="([^"]+)"', text) == [versions[-1]]


# What a process of several does with its metrics; prometheus_client looks at the variable when it is imported.
SHARED = """
import json, os, sys
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from app.metrics import Metrics

folder = os.environ["PROMETHEUS_MULTIPROC_DIR"]
metrics, found = Metrics(folder), []
for number in range(int(sys.argv[1])):
    created = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=number)
    metrics.model_loaded(SimpleNamespace(version=f"{created:%Y%m%d-%H%M%S}", created=created))
    for status in (200, 304, 404):
        metrics.request("GET", "/similar/{item_id}", status, 0.001)
    used = 0
    for name in os.listdir(folder):
        with open(os.path.join(folder, name), "rb") as file:
            used += int.from_bytes(file.read(4), sys.byteorder)
    found.append((len(metrics.text(1.0).splitlines()), used))
print(json.dumps(found))
"""


def test_what_processes_share_does_not_grow_with_the_models_either(tmp_path):
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    command = [sys.executable, "-c", SHARED, str(SWAPS)]
    found = json.loads(subprocess.run(command, check=True, capture_output=True, env=environment).stdout)
    assert found[2:] == [found[2]] * (SWAPS - 2)
    assert found[2][1] > 100
