"""Headers that answers bear."""

SECURITY = [
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
]
# Always asked again, since a hidden item must be gone within a second; what has not changed costs a 304.
CACHE = "private, no-cache"


def of_answer(version: str | None, etag: str | None = None) -> dict[str, str]:
    """Of an answer of the model `version`; with an etag it may be kept, and asked for again with If-None-Match."""
    found = {"X-Model-Version": version or "none"}
    return found | ({"Cache-Control": "no-store"} if etag is None else {"ETag": etag, "Cache-Control": CACHE})
