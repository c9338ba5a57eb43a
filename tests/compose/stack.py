"""The deployment as an operator has it: the compose file, the command that reads it, HTTP on the published port."""

import json
import os
import shlex
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
BASE = os.environ.get("BASE", "python:3.11-slim-bookworm")  # image that ours are built on
PATIENCE = 120.0
STARTED = "item2vec-compose-test"  # label of the helpers that are no part of the stack


class Failed(Exception):
    """A command ended with an error; its output is the message."""


def run(*command: str, timeout: float = 900.0, env: dict[str, str] | None = None, given: bytes | None = None) -> str:
    """What the command wrote to standard output. Raises Failed."""
    done = subprocess.run(command, cwd=ROOT, env=env, input=given, capture_output=True, timeout=timeout, check=False)
    if done.returncode:
        said = (done.stdout[-3000:] + done.stderr[-6000:]).decode(errors="replace")
        raise Failed(f"{shlex.join(command)} ended with {done.returncode}:\n{said}")
    return done.stdout.decode(errors="replace")


def docker(*arguments: str, timeout: float = 900.0) -> str:
    return run("docker", *arguments, timeout=timeout)


def compose_command() -> list[str]:
    """COMPOSE where it is set; else docker-compose where it is installed, else Compose v2."""
    if os.environ.get("COMPOSE"):
        return shlex.split(os.environ["COMPOSE"])
    return ["docker-compose"] if shutil.which("docker-compose") else ["docker", "compose"]


def missing() -> str | None:
    """Why there is nothing to run these tests on; None where all is there."""
    if not shutil.which("docker"):
        return "there is no docker command"
    try:
        docker("info", timeout=30)
        run(*compose_command(), "version", timeout=30)
    except (Failed, OSError, subprocess.TimeoutExpired) as error:
        return str(error).strip().splitlines()[-1]
    return None


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def until(found: Callable[[], Any], seconds: float = PATIENCE, what: str = "it") -> Any:
    """The first true value; what is raised on the way counts as not yet."""
    deadline, last = time.monotonic() + seconds, "it was false to the end"
    while time.monotonic() < deadline:
        try:
            value = found()
        except (Failed, httpx.HTTPError, AssertionError) as error:
            last = repr(error)
        else:
            if value:
                return value
        time.sleep(0.1)
    raise AssertionError(f"{what} did not come within {seconds:.0f} s: {last}")


class Stack:
    """One project of the compose file, with a name, a port and volumes of its own.

    Settings are variables of .env.example, which is the environment file, as a copy of it would be a person's. more:
    compose files that go on top.
    """

    def __init__(self, name: str, more: tuple[Path, ...] = (), **settings: str) -> None:
        self.name = name
        self.port = free_port()
        self.settings = {"COMPOSE_PROJECT_NAME": name, "PORT": str(self.port), **settings}
        self._files = [ROOT / "docker-compose.yml", *more]
        self._admin: str | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """With COMPOSE as the scripts in deploy/ want it."""
        files = os.pathsep.join(map(str, self._files))
        command = shlex.join([*compose_command(), "--env-file", str(ROOT / ".env.example")])
        return {**os.environ, **self.settings, "COMPOSE_FILE": files, "COMPOSE": command}

    def compose(self, *arguments: str, given: bytes | None = None, timeout: float = 900.0) -> str:
        command = shlex.split(self.environment["COMPOSE"])
        return run(*command, *arguments, env=self.environment, given=given, timeout=timeout)

    def script(self, name: str, *arguments: str) -> str:
        """One of those in deploy/, on this stack."""
        return run(str(ROOT / "deploy" / name), *arguments, env=self.environment)

    # ---- containers

    def up(self, *arguments: str) -> None:
        self.compose("up", "-d", "--no-build", *arguments)

    def down(self, volumes: bool = False) -> None:
        self.compose("down", "--remove-orphans", "--timeout", "20", *(["--volumes"] if volumes else []))
        self._admin = self._admin if not volumes else None

    def containers(self, service: str) -> list[str]:
        """Ids of those that run."""
        labels = (f"com.docker.compose.project={self.name}", f"com.docker.compose.service={service}")
        filters = [part for label in labels for part in ("--filter", f"label={label}")]
        # A container of `compose run` has the same labels.
        found = docker("ps", "--no-trunc", "--format", '{{.ID}} {{.Label "com.docker.compose.oneoff"}}', *filters)
        return sorted(line.split()[0] for line in found.splitlines() if not line.endswith("True"))

    def container(self, service: str) -> str:
        (found,) = self.containers(service)
        return found

    def healthy(self, container: str) -> bool:
        return inspect(container, "State", "Health", "Status") == "healthy"

    def logs(self, service: str) -> str:
        """Of all containers of the service that run, standard output and error."""
        return "".join(logs_of(container) for container in self.containers(service))

    def sql(self, statement: str) -> list[str]:
        """Rows, their columns divided by |."""
        psql = ("psql", "-U", "item2vec", "-d", "item2vec", "-At", "-v", "ON_ERROR_STOP=1", "-c", statement)
        return self.compose("exec", "-T", "db", *psql).splitlines()

    def inside(self, service: str, command: str) -> str:
        """What a shell in the service's container writes."""
        return docker("exec", self.containers(service)[0], "sh", "-c", command)

    # ---- HTTP

    @property
    def admin(self) -> str:
        """The key that was made at the first start."""
        if self._admin is None:
            self._admin = self.inside("api", "cat /run/secrets/admin_key").strip()
        return self._admin

    def forget_key(self) -> None:
        self._admin = None

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        """With the key. Raises httpx.HTTPError."""
        headers = {"Authorization": f"Bearer {self.admin}"}
        return httpx.request(method, self.url + path, headers=headers, timeout=30, **more)

    def get(self, path: str) -> Any:
        answer = self.ask("GET", path)
        assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text}"
        return answer.json()

    def ready(self, seconds: float = PATIENCE) -> None:
        """Once it can serve."""
        until(lambda: httpx.get(f"{self.url}/readyz", timeout=5).status_code == 200, seconds, "a model that is served")

    def alive(self, seconds: float = PATIENCE) -> None:
        """Once an API answers, with or without a model."""
        until(lambda: httpx.get(f"{self.url}/healthz", timeout=5).status_code == 200, seconds, "an answer")

    def post_events(self, rows: list[dict[str, object]], size: int = 5000) -> int:
        """How many were accepted."""
        accepted = 0
        for begin in range(0, len(rows), size):
            answer = self.ask("POST", "/events", json=rows[begin : begin + size])
            assert answer.status_code == 200, answer.text
            accepted += answer.json()["accepted"]
        return accepted

    # ---- jobs

    def retrain(self, force: bool = True, **overrides: object) -> str:
        """Its id."""
        answer = self.ask("POST", "/retrain", json={"overrides": overrides, "force": force})
        assert answer.status_code == 202, answer.text
        return str(answer.json()["job_id"])

    def job(self, job_id: str) -> dict[str, Any]:
        return dict(self.get(f"/jobs/{job_id}"))

    def ended(self, job_id: str, seconds: float = 240.0) -> dict[str, Any]:
        def over() -> dict[str, Any] | None:
            found = self.job(job_id)
            return None if found["state"] in ("queued", "running") else found

        try:
            return dict(until(over, seconds, f"the end of job {job_id}"))
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.logs('worker')[-4000:]}") from error

    def lines(self, job_id: str) -> list[str]:
        """The log of a job that has ended."""
        with httpx.stream(
            "GET",
            f"{self.url}/jobs/{job_id}/stream",
            headers={"Authorization": f"Bearer {self.admin}"},
            timeout=30,
        ) as stream:
            text = "\n".join(stream.iter_lines())
        events = [block.splitlines() for block in text.split("\n\n") if "event: line" in block]
        return [line.removeprefix("data: ") for event in events for line in event if line.startswith("data: ")]

    def versions(self) -> list[str]:
        return [str(model["version"]) for model in self.get("/models")["models"]]

    def serves(self, version: str, seconds: float = 30.0) -> None:
        """Once every API does; each is asked by itself, since the proxy would let one answer for all."""
        apis = self.containers("api")

        def all_do() -> bool:
            program = (
                "import json,urllib.request as u;"
                "print(json.load(u.urlopen('http://127.0.0.1:8000/healthz'))['model_version'])"
            )
            return {docker("exec", api, "python", "-c", program).strip() for api in apis} == {version}

        until(all_do, seconds, f"version {version} in every API")


def inspect(what: str, *path: str) -> Any:
    """A field of what docker says of a container or an image."""
    found = json.loads(docker("inspect", what))[0]
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    return found


def logs_of(container: str) -> str:
    """Standard output and error."""
    done = subprocess.run(["docker", "logs", container], capture_output=True, check=True)
    return (done.stdout + done.stderr).decode(errors="replace")


def whole(stack: Stack, apis: int = 2) -> None:
    """Once all parts run and are healthy, and a model is served."""
    until(lambda: len(stack.containers("api")) == apis, what=f"{apis} APIs")
    for service in ("db", "api", "worker", "proxy"):
        found = partial(stack.containers, service)
        until(lambda found=found: found() and all(map(stack.healthy, found())), what=f"a healthy {service}")
    stack.ready()


class Killer:
    """kill -9 as a crash would be: `docker kill` tells the engine that the end was wanted, and nothing starts again.

    A helper in the engine's own space of processes, started once: a step of a training may be over in half a second.
    """

    OPTIONS = (
        *("--rm", "-i", "--pid=host", "--user=root"),
        *("--network=none", "--no-healthcheck", f"--label={STARTED}"),
    )
    PROGRAM = "import os,sys\nfor line in sys.stdin:\n    os.kill(int(line), 9)\n    print(line, end='', flush=True)\n"

    def __init__(self, image: str) -> None:
        self._process = subprocess.Popen(
            ["docker", "run", *self.OPTIONS, image, "python", "-S", "-u", "-c", self.PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def kill(self, container: str) -> None:
        """The first process of the container, and with it all others there."""
        pid = inspect(container, "State", "Pid")
        assert pid, f"{container} does not run"
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{pid}\n")
        self._process.stdin.flush()
        assert self._process.stdout.readline().strip() == str(pid), "the helper that kills is gone"

    def close(self) -> None:
        self._process.communicate(timeout=30)


@contextmanager
def following(container: str) -> Iterator[Iterator[str]]:
    """The lines a container logs from now on, as they come, until it ends."""
    since = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    process = subprocess.Popen(
        ["docker", "logs", "--follow", "--since", since, container],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield iter(process.stdout.readline, "")
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
