"""Whether the process of this container does its work, for Docker's HEALTHCHECK. Ends with 0 or 1.

    health.py http PORT PATH    something answers there with 200
    health.py worker            the worker has given a sign of life within a minute

Without the project's own modules: it runs every few seconds, and must cost next to nothing.
"""

import glob
import os
import socket
import sys
import time

SILENT_SECONDS = 60.0


def answers(port: int, path: str) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2.5) as connection:
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
            return connection.recv(64).split()[1:2] == [b"200"]
    except OSError:
        return False


def lives(models: str, host: str) -> bool:
    """The worker touches the file of its lock for as long as it lives, whether it finds a database or not."""
    files = glob.glob(f"{glob.escape(models)}/runs/.worker-{glob.escape(host)}*.lock")
    return any(time.time() - os.stat(file).st_mtime < SILENT_SECONDS for file in files)


def main(arguments: list[str]) -> int:
    if arguments[0] == "http":
        return 0 if answers(int(arguments[1]), arguments[2]) else 1
    return 0 if lives(os.environ["ITEM2VEC_MODELS"], socket.gethostname()) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
