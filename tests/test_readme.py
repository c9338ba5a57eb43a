"""What README shows of the service, typed as it is printed into the service that `item2vec demo` starts."""

import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from support.server import free_port

README = Path(__file__).parent.parent / "README.md"
MOVES = {"model_version", "score", "lift", "distance", "sessions", "first_before", "second_before"}  # from run to run


def shown():
    """(command, the reply that stands below it, or None) of each curl line."""
    part = README.read_text(encoding="utf-8").split("## Over HTTP\n")[1].split("\n## ")[0]
    for block in re.findall(r"```\n(\$ curl.*?)```", part, re.DOTALL):
        for step in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, reply = step.partition("\n{")
            yield command.strip(), json.loads("{" + reply.replace("\n", "")) if reply else None


def still(value):
    """Without what differs from run to run."""
    if isinstance(value, dict):
        return {name: None if name in MOVES else still(part) for name, part in value.items()}
    return [still(part) for part in value] if isinstance(value, list) else value


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    folder, port = tmp_path_factory.mktemp("demo"), free_port()
    with (folder / "said.txt").open("w") as said:
        command = [sys.executable, "-m", "item2vec", "demo", "--out", str(folder / "out"), "--port", str(port)]
        process = subprocess.Popen(command, stdout=said, stderr=said)
    try:
        while True:
            assert process.poll() is None, (folder / "said.txt").read_text()
            try:
                if httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=5).status_code == 200:
                    break
            except httpx.HTTPError:
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def test_the_lines_of_the_readme_work_as_printed(address):
    lines = list(shown())
    assert len(lines) >= 5
    for command, reply in lines:
        typed = command.replace("http://127.0.0.1:8000", address)
        done = subprocess.run(
            ["bash", "-c", f"{typed} -s --fail-with-body"], capture_output=True, check=False, timeout=60
        )
        assert done.returncode == 0, (command, done.stdout, done.stderr)
        if reply is not None:
            assert still(json.loads(done.stdout)) == still(reply), command
        if "PUT" in command:
            time.sleep(1.0)  # until when every process knows it
