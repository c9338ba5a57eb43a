"""A ready body as a response, bound to the model version and the catalogue's state by its ETag."""

from typing import Annotated

from fastapi import Depends, Request, Response
from pydantic import BaseModel

from app import headers
from app.live.view import View


def matches(etag: str, sent: str) -> bool:
    """RFC 9110, section 13.1.2: a list of tags, weak ones too, or *."""
    if sent == etag:
        return True
    return any(tag.strip().removeprefix("W/") in (etag, "*") for tag in sent.split(","))


def not_modified(view: View, request: Request) -> bool:
    """Whether the client has the answer already. For routes whose answer is much work, once it is sure that there is
    one; for all others `app.http.answer` looks when it is made."""
    sent = request.headers.get("if-none-match")
    return sent is not None and matches(view.etag, sent)


def reply(view: View, body: bytes | None) -> Response:
    """With the view's ETag. None: 304."""
    found = headers.of_answer(view.version, view.etag)
    if body is None:
        return Response(status_code=304, headers=found)
    return Response(body, media_type="application/json", headers=found)


def passing(version: str | None, body: bytes) -> Response:
    """Not to be kept: of a POST, or of what changes without the view."""
    return Response(body, media_type="application/json", headers=headers.of_answer(version))


def shown(content: BaseModel) -> bytes:
    """For replies that may be large: in a thread, where FastAPI would do this on the event loop."""
    return content.model_dump_json(by_alias=True).encode()


async def _tagged(request: Request, response: Response) -> View:
    view: View = request.app.state.service.shelf.view
    response.headers.update(headers.of_answer(view.version, view.etag))
    return view


# For routes that answer with a pydantic model: the view, with its headers on the response.
TaggedView = Annotated[View, Depends(_tagged)]
