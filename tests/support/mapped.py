"""Whether memory is mapped from a file, as the system says."""

from pathlib import Path

from numpy.typing import NDArray


def mappings(path: Path) -> list[tuple[int, int]]:
    """(begin, end) of every piece of the file that lies in this process's memory."""
    lines = [line.split() for line in Path("/proc/self/maps").read_text().splitlines() if line.endswith(str(path))]
    return [(int(begin, 16), int(end, 16)) for begin, end in (fields[0].split("-") for fields in lines)]


def lies_in(array: NDArray, path: Path) -> bool:
    address = array.__array_interface__["data"][0]
    return any(begin <= address < end for begin, end in mappings(path))
