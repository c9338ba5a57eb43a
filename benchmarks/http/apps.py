"""What GET /similar is measured beside: five bare applications with a fixed body of 700 bytes."""

from typing import Any

from fastapi import FastAPI, Response
from pydantic import BaseModel
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response as Plain
from starlette.routing import Route

ROW = {"item_id": "item-000001", "rank": 1, "score": 0.5}
BODY = (b'{"items":[' + b",".join([b'{"item_id":"item-000001","rank":1,"score":0.500000}'] * 12) + b"]}").ljust(700)
HEADERS = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(BODY))]


async def raw(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] != "http":
        return
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": BODY})


async def _starlette(_request: Request) -> Plain:
    return Plain(BODY, media_type="application/json")


starlette = Starlette(routes=[Route("/similar/{item_id:path}", _starlette)])

fastapi_async = FastAPI()
fastapi_model = FastAPI()
fastapi_def = FastAPI()


class Row(BaseModel):
    item_id: str
    rank: int
    score: float


class Rows(BaseModel):
    items: list[Row]


@fastapi_async.get("/similar/{item_id:path}")
async def _async(item_id: str) -> Response:
    return Response(BODY, media_type="application/json")


@fastapi_model.get("/similar/{item_id:path}")
async def _model(item_id: str) -> Rows:
    return Rows(items=[Row(item_id="item-000001", rank=1, score=0.5)] * 10)


@fastapi_def.get("/similar/{item_id:path}")
def _def(item_id: str) -> Response:
    return Response(BODY, media_type="application/json")
