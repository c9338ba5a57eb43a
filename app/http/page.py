"""The page for browsers: its files, as `make web` built them, and the policy that they are served under."""

import mimetypes
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "static"
DOCUMENT = "index.html"
NOTES = {"build.json"}  # of the build, for nobody else
# Nothing from elsewhere, no script or style within the document, and text never becomes markup.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; worker-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'"
)
# The name of a file holds a digest of it; the document names the others and is asked for again.
FOREVER, AGAIN = "public, max-age=31536000, immutable", "no-cache"


@dataclass(frozen=True)
class PageFile:
    content: bytes
    kind: str
    headers: dict[str, str]


def page_files() -> dict[str, PageFile]:
    """By name: read once, so that no request makes the service look for a path."""
    found = {}
    for path in sorted(FOLDER.glob("*")):
        if path.is_file() and path.name not in NOTES:
            kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
            kept = AGAIN if path.name == DOCUMENT else FOREVER
            headers = {"Cache-Control": kept, "Content-Security-Policy": POLICY, "Referrer-Policy": "no-referrer"}
            found[path.name] = PageFile(path.read_bytes(), kind, headers)
    return found


def wants_page(accept: str) -> bool:
    """Whether HTML is asked for by name: browsers do, and no client of the API."""
    return any(part.partition(";")[0].strip().lower() == "text/html" for part in accept.split(","))
