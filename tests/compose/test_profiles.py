"""What starts only when asked for: Prometheus with its alerts, what the dashboard asks, a copy of the artifacts in S3.

Images that no registry gave are stood in for by the same programs from Debian (Prometheus) or by another that speaks
the same protocol (moto for the S3-compatible store).
"""

import json
import re
import time
from collections.abc import Iterator

import httpx
import pytest
from compose import shop
from compose.stack import BASE, HERE, ROOT, Failed, Stack, docker, free_port, inspect, logs_of, run, until

pytestmark = pytest.mark.compose

PROMETHEUS = """
RUN apt-get update -q && apt-get install -y -q --no-install-recommends prometheus \\
 && install -d -o nobody -g nogroup /prometheus
ENTRYPOINT ["/usr/bin/prometheus"]
"""
# The store gets the arguments of MinIO, which it does not know.
STORE = """
RUN python3 -m venv /opt/moto && /opt/moto/bin/pip install -q 'moto[s3,server]'
ENTRYPOINT ["sh", "-c", "exec /opt/moto/bin/moto_server -H 0.0.0.0 -p 9000"]
"""
ALERTS = set(re.findall(r"alert: (\w+)", (ROOT / "deploy" / "alerts.yml").read_text(encoding="utf-8")))
DASHBOARD = json.loads((ROOT / "deploy" / "grafana" / "dashboards" / "item2vec.json").read_text(encoding="utf-8"))
QUESTIONS = [target["expr"] for panel in DASHBOARD["panels"] for target in panel.get("targets", [])]


def image(named: str, otherwise: str) -> str:
    """The image of the example where this engine has it, else one that is built."""
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    found = re.findall(rf"^{named}=(.+)$", example, re.MULTILINE)[0]
    try:
        docker("image", "inspect", found)
    except Failed:
        made = f"item2vec-test-{named.split('_')[0].lower()}"
        run("docker", "build", "-q", "--network=host", "-t", made, "-", given=f"FROM {BASE}{otherwise}".encode())
        return made
    return str(found)


@pytest.fixture(scope="module")
def prometheus(images) -> str:
    return image("PROMETHEUS_IMAGE", PROMETHEUS)


def test_every_alert_fires_at_what_it_is_for_and_at_nothing_else(prometheus):
    mounts = ("-v", f"{ROOT / 'deploy'}:/deploy:ro", "-v", f"{HERE / 'alerts.test.yml'}:/tests/alerts.test.yml:ro")
    tool = ("run", "--rm", "--network=none", "--entrypoint", "promtool", *mounts, prometheus)
    assert "SUCCESS" in docker(*tool, "test", "rules", "/tests/alerts.test.yml")
    tested = (HERE / "alerts.test.yml").read_text(encoding="utf-8")
    assert {name for name in ALERTS if not re.search(rf"\b{name}\b", tested)} == set()


def test_prometheus_reads_every_api_and_answers_what_the_dashboard_asks(stack, prometheus):
    port = free_port()
    stack.settings.update(PROMETHEUS_IMAGE=prometheus, PROMETHEUS_PORT=str(port))
    client = httpx.Client(base_url=f"http://127.0.0.1:{port}/api/v1", timeout=10)

    def value(question: str) -> list[dict]:
        answer = client.get("/query", params={"query": question}).raise_for_status().json()
        assert answer["status"] == "success", question
        return answer["data"]["result"]

    def firing() -> set[str]:
        return {found["metric"]["alertname"] for found in value('ALERTS{alertstate="firing"}')}

    try:
        stack.compose("--profile", "monitoring", "up", "-d", "--no-build", "prometheus")
        until(lambda: len(value('up{job="item2vec"} == 1')) == 2, what="both APIs in Prometheus")
        assert inspect(stack.container("prometheus"), "Config", "User") == "65534:10001"
        rules = client.get("/rules").json()["data"]["groups"][0]["rules"]
        assert {rule["name"] for rule in rules} == ALERTS
        for item in shop.items()[:50]:
            stack.get(f"/similar/{item}")
        stack.post_events([{"user_id": "watched", "item_id": shop.item(0, 0)}])
        until(lambda: value('rate(item2vec_events_total{outcome="accepted"}[1m])'), what="two readings of the counters")
        # Live recall is of a sample of queries: it may have none yet.
        unknown = [question for question in QUESTIONS if "index_recall" not in question and not value(question)]
        assert unknown == []
        assert "RetrainingFailed" not in firing()
        job = stack.ended(stack.retrain(trainer={"dims": 100_000}))
        assert job["state"] == "failed", job
        until(lambda: "RetrainingFailed" in firing(), what="the alert")
    finally:
        client.close()
        stack.compose("--profile", "monitoring", "rm", "-s", "-f", "-v", "prometheus")


@pytest.fixture
def stored(stack) -> Iterator[Stack]:
    """With a store, and what copies into it every second."""
    stack.compose("build", "s3-copy")
    more = {"S3_IMAGE": image("S3_IMAGE", STORE), "S3_EVERY_SECONDS": "1", "S3_CONSOLE_PORT": str(free_port())}
    stack.settings.update(more)
    try:
        stack.compose("--profile", "s3", "up", "-d", "--no-build", "s3", "s3-copy")
        yield stack
    finally:
        stack.compose("--profile", "s3", "rm", "-s", "-f", "-v", "s3", "s3-copy")


def test_artifacts_that_were_lost_come_back_from_the_bucket(stored):
    copy = stored.container("s3-copy")
    until(lambda: stored.healthy(copy), what="a first copy")
    job = stored.ended(stored.retrain(seed=71, **shop.QUICK))
    assert job["state"] == "succeeded", job
    version = job["result"]["version"]
    stored.serves(version)
    before = stored.get("/models")["models"], stored.get(f"/similar/{shop.item(0, 0)}")
    began = time.time()
    until(lambda: float(stored.inside("s3-copy", "stat -c %Y /tmp/copied")) > began, what="the next copy")
    stored.inside("worker", "rm -r /data/models/versions /data/models/current.json")
    assert stored.get(f"/similar/{shop.item(0, 0)}") == before[1]  # mapped, so still there
    stored.compose("--profile", "s3", "run", "--rm", "-T", "s3-copy", "restore")
    docker("restart", *stored.containers("api"))
    stored.serves(version)
    assert (stored.get("/models")["models"], stored.get(f"/similar/{shop.item(0, 0)}")) == before


def test_a_version_that_could_not_be_copied_is_not_named_in_the_bucket(stored):
    copy = stored.container("s3-copy")
    until(lambda: stored.healthy(copy), what="a first copy")
    before = httpx.get(f"{stored.url}/healthz").json()["model_version"]
    stored.inside("worker", "touch /data/models/versions/unreadable; chmod 0 /data/models/versions/unreadable")
    try:
        until(lambda: "not copied" in logs_of(copy), what="a copy that fails")
        job = stored.ended(stored.retrain(seed=72, **shop.QUICK))
        assert job["state"] == "succeeded", job
        stored.serves(job["result"]["version"])
        failed = logs_of(copy).count("not copied")
        until(lambda: logs_of(copy).count("not copied") > failed + 1, what="a copy that fails after it")
        stored.compose("--profile", "s3", "run", "--rm", "-T", "s3-copy", "restore")
        stored.serves(before)
    finally:
        stored.inside("worker", "rm -f /data/models/versions/unreadable")


def test_a_store_that_does_not_answer_is_an_error_and_changes_nothing(stored):
    broken = ("--profile", "s3", "run", "--rm", "-T", "-e", "S3_URL=http://s3:1", "s3-copy")
    before = stored.inside("worker", "cat /data/models/current.json")
    for command in ("once", "restore"):
        with pytest.raises(Failed):
            stored.compose(*broken, command, timeout=300)
    assert stored.inside("worker", "cat /data/models/current.json; ls -A /data/models | grep copied || true") == before
