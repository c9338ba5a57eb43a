"""schemathesis against the service's own OpenAPI: no 5xx, no undocumented status, no reply outside its schema."""

import json
import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from support.server import Server, amount

from benchmarks.http.world import publish


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    folder = tmp_path_factory.mktemp("openapi")
    publish(folder / "models", 100)
    with Server(folder / "models", folder / "log.txt", rate_per_address=0, access_log=False) as server:
        yield server


def test_the_service_keeps_to_its_own_openapi_document(service, tmp_path):
    command = [
        str(Path(sys.executable).with_name("schemathesis")), "run", f"{service.url}/openapi.json",
        "--checks", "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance",
        "--max-examples", str(amount(8, 100)), "--seed", "1", "--workers", "2", "--suppress-health-check", "all",
        # Server-sent events of a job end when the job does.
        "--exclude-path-regex", "/stream$", "--no-color", "--generation-database", "none",
    ]  # fmt: skip
    hooked = {
        **os.environ,
        "SCHEMATHESIS_HOOKS": "schemathesis_hooks",
        "PYTHONPATH": str(Path(__file__).parents[2] / "support"),
    }
    found = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=1500, check=False, env=hooked)
    assert found.returncode == 0, found.stdout[-20000:] + found.stderr[-2000:]
    print(next(line.strip() for line in found.stdout.splitlines() if " generated, " in line))


def test_every_operation_is_described_with_its_errors_and_examples(service):
    document = httpx.get(f"{service.url}/openapi.json").json()
    lacking = []
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            name = f"{method.upper()} {path}"
            if not operation.get("summary") or not operation.get("description"):
                lacking.append(f"{name}: no summary or description")
            open_route = path in ("/healthz", "/readyz")
            expected = {"429"} if open_route else {"401", "403", "429"}
            if missing := expected - operation["responses"].keys():
                lacking.append(f"{name}: {sorted(missing)}")
            success = [a for s, a in operation["responses"].items() if s.startswith("2")]
            if not any(a.get("content") for a in success):
                lacking.append(f"{name}: no success schema")
    assert lacking == []
    assert "Problem" in document["components"]["schemas"]
    json.dumps(document)
