"""Headers that every answer bears."""

SECURITY = [
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
]
# Always asked again, since a hidden item must be gone within a second; what has not changed costs a 304.
CACHE = "private, no-cache"
