"""Of a process by its number, which need not be a child of ours."""

from pathlib import Path


def gone(process: int) -> bool:
    """It has ended; that nobody has asked for its exit status yet does not matter."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):  # the second: it went between the opening and the reading
        return True
    return state == "Z"
