"""What the first layer reads of a request's headers."""

import re
from collections.abc import Container, Iterable
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from app.problems import BodyTooLarge, HostInvalid, HostRefused, OriginRefused

REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
# RFC 3986, section 3.2: a name or an address, and a port. Empty where the target names no host.
HOST = re.compile(rb"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~%!$&'()*+,;=-]*)(:[0-9]*)?")


@dataclass(init=False)  # defaults that stay on the class: setting all seven for each request takes 0.2 us
class Head:
    """As they were sent, the last of those sent twice; None where one is missing. hosts: how many Host headers there
    are. token: the key, of either header. match: If-None-Match. length: Content-Length."""

    host: bytes | None = None
    hosts: int = 0
    token: bytes | None = None
    request_id: str | None = None
    match: bytes | None = None
    origin: bytes | None = None
    length: bytes | None = None

    @classmethod
    def of(cls, headers: Iterable[tuple[bytes, bytes]]) -> Self:
        """In one pass, the commonest first: this is done for every request."""
        head = cls()
        for name, value in headers:
            if name == b"host":
                head.host = value
                head.hosts += 1
            elif name == b"authorization":
                head.token = value[7:] if value[:7].lower() == b"bearer " else b""
            elif name == b"x-api-key":
                head.token = value
            elif name == b"x-request-id":
                head.request_id = value.decode() if REQUEST_ID.fullmatch(value) else None
            elif name == b"if-none-match":
                head.match = value
            elif name == b"origin":
                head.origin = value
            elif name == b"content-length":
                head.length = value
        return head

    def check_size(self, most: int) -> None:
        """Raises BodyTooLarge for a body that says it has more than `most` bytes."""
        if self.length is not None and (not self.length.isdigit() or int(self.length[:20]) > most):
            raise BodyTooLarge(f"the body may have at most {most:,} bytes")

    def names_host(self, version: str = "1.1") -> bool:
        """Whether exactly one Host header says which host is meant (RFC 9112, section 3.2): with two, a proxy before
        us may have gone by the other one. version: of HTTP; before 1.1 there may be none."""
        if self.hosts != 1:
            return self.hosts == 0 and version < "1.1"
        return HOST.fullmatch(self.host or b"") is not None

    def is_for(self, hosts: Container[str] | None) -> bool:
        """Whether the request is for one of these names; None: any. What names no host cannot come from a page."""
        if hosts is None or self.host is None:
            return True
        name = self.host.decode("latin-1").lower()
        return (name if name.endswith("]") else name.rpartition(":")[0] or name) in hosts

    def check_host(self, hosts: Container[str] | None, version: str) -> None:
        """A page may have its own name point to this machine, and then reads here as if from itself: HostRefused.
        HostInvalid where `names_host` says no."""
        if not self.names_host(version):
            raise HostInvalid("the request needs one Host header, with a name and perhaps a port: it has another")
        if not self.is_for(hosts):
            raise HostRefused("the Host header names another host than this service has; see allowed_hosts")

    def check_origin(self, allowed: Iterable[str]) -> None:
        """A page on another site must not write here with what a browser on this machine can reach: OriginRefused."""
        origin = (self.origin or b"").decode("latin-1")
        if self.origin is None or origin in allowed:
            return
        if urlsplit(origin).netloc != (self.host or b"").decode("latin-1"):
            raise OriginRefused("writing requests from another site's pages are refused; see cors_origins")
