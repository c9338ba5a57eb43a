"""A network namespace and a cable to it that can be cut: packets are then lost without a word."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MISSING = "no network namespaces: root and the program ip are needed"
# Listens on an address of its namespace and passes what comes to a Unix socket, which no namespace hides.
RELAY = """
import asyncio, sys
async def passed(reader, writer):
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()
async def met(reader, writer):
    theirs, ours = await asyncio.open_unix_connection(sys.argv[3])
    await asyncio.gather(passed(reader, ours), passed(theirs, writer), return_exceptions=True)
async def main():
    server = await asyncio.start_server(met, sys.argv[1], int(sys.argv[2]))
    print("ready", flush=True)
    await server.serve_forever()
asyncio.run(main())
"""


def _ip(*arguments: str) -> bool:
    return subprocess.run(["ip", *arguments], capture_output=True, check=False).returncode == 0


class Network:
    """name: of the namespace at the far end. address: under which it is reached."""

    def __init__(self) -> None:
        tag = f"i2v{os.getpid()}"
        self.name, self._near, self._far = tag, f"{tag}a", f"{tag}b"
        net = f"10.231.{os.getpid() % 250}"
        self.address, self._own = f"{net}.2", f"{net}.1"
        self._relays: list[subprocess.Popen[str]] = []

    def make(self) -> bool:
        """Whether the system lets us."""
        return (
            os.geteuid() == 0
            and shutil.which("ip") is not None
            and _ip("netns", "add", self.name)
            and _ip("link", "add", self._near, "type", "veth", "peer", "name", self._far, "netns", self.name)
            and _ip("addr", "add", f"{self._own}/30", "dev", self._near)
            and _ip("-n", self.name, "addr", "add", f"{self.address}/30", "dev", self._far)
            and _ip("link", "set", self._near, "up")
            and _ip("-n", self.name, "link", "set", self._far, "up")
        )

    def cut(self) -> None:
        assert _ip("-n", self.name, "link", "set", self._far, "down")

    def mend(self) -> None:
        assert _ip("-n", self.name, "link", "set", self._far, "up")

    def relay(self, port: int, to: Path) -> None:
        """Whoever connects to this port of the far address speaks with the Unix socket `to`."""
        command = ["ip", "netns", "exec", self.name, sys.executable, "-c", RELAY, self.address, str(port), str(to)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self._relays.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"

    def close(self) -> None:
        for process in self._relays:
            with process:  # closes what it writes to
                process.kill()
        _ip("netns", "del", self.name)  # and its end of the cable, and so ours


@contextmanager
def network() -> Iterator[Network | None]:
    """None where the system has none for us."""
    made = Network()
    try:
        yield made if made.make() else None
    finally:
        made.close()
