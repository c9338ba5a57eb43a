"""Bodies that FastAPI reads for a route: larger ones in pieces and in a thread, so that nobody waits for them."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from app.answers.question import REQUEST_COST
from app.bodies.jsonpieces import WINDOW, Pieces, TooMany
from app.problems import BodyTooLarge

# Values of all lists of a body, beside those of the largest batch; with none of these lists would be this long.
MOST_BESIDE = 5000
_PIECES = Pieces(None)


class LargeJsonRoute(APIRoute):
    """For routers whose routes take a body."""

    def get_route_handler(self) -> Callable[[Request], Awaitable[Response]]:  # type: ignore[override]
        handle = super().get_route_handler()

        async def with_pieces(request: Request) -> Response:
            return await handle(_Request(request.scope, request.receive))

        return with_pieces


class _Request(Request):
    async def json(self) -> Any:
        """As starlette's. Raises BodyTooLarge, and what `Pool.run` raises."""
        body = await self.body()
        if len(body) <= WINDOW:
            return await super().json()
        service = self.app.state.service
        most = service.settings.max_batch + MOST_BESIDE

        def work() -> Any:
            try:
                return _PIECES.decode(body.decode(json.detect_encoding(body), "surrogatepass"), most)
            except TooMany:
                raise BodyTooLarge(f"the body has more than {most:,} values: send it in parts") from None

        return await service.pools.search.run(self, work, REQUEST_COST)
