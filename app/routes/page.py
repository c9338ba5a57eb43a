"""The page for browsers, without a key: it holds nothing of anybody's."""

from fastapi import APIRouter, Request, Response

from app.http.page import DOCUMENT, PageFile, page_files, wants_page
from app.problems import RouteUnknown

router = APIRouter(include_in_schema=False)
FILES = page_files()


@router.get("/")
async def page(request: Request) -> Response:
    """What stands at / is for people; to a client of the API there is nothing, as before."""
    if not wants_page(request.headers.get("accept", "")):
        raise RouteUnknown("no route GET /: the API's are in /openapi.json")
    return _reply(FILES.get(DOCUMENT))


@router.get("/static/{name}")
async def file(name: str) -> Response:
    return _reply(FILES.get(name))


def _reply(found: PageFile | None) -> Response:
    if found is None:
        raise RouteUnknown("the page has no such file")
    return Response(found.content, media_type=found.kind, headers={**found.headers, "Vary": "Accept"})
