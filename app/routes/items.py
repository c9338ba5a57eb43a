"""The catalogue as it is now: read, replaced, changed, deleted, without any training."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import TypeAdapter, ValidationError

from app.answers import listing
from app.answers.listing import Wanted
from app.bodies import jsonbody
from app.bodies.jsonpieces import TooMany
from app.http.deps import READER, WRITER, ServiceDep, body_cost
from app.http.itempath import ITEM_ID
from app.http.replies import TaggedView, reply, shown
from app.http.who import ActorDep
from app.live.itemview import ItemView
from app.live.view import View
from app.pools.task import Steps
from app.problems import BodyTooLarge
from app.schemas.common import READING, WRITING, problems
from app.schemas.items import (
    ITEM_REQUEST,
    ITEMS_REQUEST,
    DeletedReply,
    ItemIn,
    ItemPatch,
    ItemReply,
    ItemsReply,
    PutReply,
    RejectedItem,
    item_error,
)
from app.service import Service
from index.errors import ItemTooLarge, RequestError
from store import items
from store.audit import Actor
from store.database import now
from store.items import ItemRow, Room

LISTING_COST = 2000  # in results, see app.answers.answers: a page may need a look at every item
ONE = TypeAdapter(ItemReply)
JSON = ("application/json",)
Answer = TypeVar("Answer")

router = APIRouter(tags=["items"])

ItemPath = Annotated[str, Path(description="id of the item; a slash in it may stay as it is", examples=["t000327"])]


@router.get(
    "/items",
    summary="List items, or read one",
    response_model=ItemsReply | ItemReply,
    dependencies=READER,
    responses=problems(*READING),
)
async def list_items(
    service: ServiceDep,
    request: Request,
    view: TaggedView,
    q: Annotated[str | None, Query(max_length=1024, description="part of the title or the id, any letter case")] = None,
    category: Annotated[str | None, Query(max_length=2000, description="only of this category")] = None,
    available: Annotated[bool | None, Query(description="only those that are, or are not, available")] = None,
    limit: Annotated[int, Query(ge=1, le=500, description="how many")] = 50,
    cursor: Annotated[str | None, Query(max_length=8000, description="next_cursor of the page before")] = None,
    item_id: Annotated[
        str | None, Query(description="this item, as GET /items/{item_id} has it: for ids that no path can hold")
    ] = None,
) -> Response:
    """Every item known and not deleted, trained or not, in the order of their ids."""
    if item_id is not None:
        return reply(view, ONE.dump_json(_reply(view, item_id)))
    pages = _listed(view, Wanted(q, category, available), limit, cursor)
    return reply(view, await service.pools.search.steps(request, pages, LISTING_COST))


def _listed(view: View, wanted: Wanted, limit: int, cursor: str | None) -> Steps[bytes]:
    found, following = yield from listing.page(view, wanted, limit, cursor)
    return shown(ItemsReply(items=found, next_cursor=following, model_version=view.version))


@router.get(f"/items/{ITEM_ID}", summary="Read an item", dependencies=READER, responses=problems(*READING))
async def get_item(view: TaggedView, item_id: ItemPath) -> ItemReply:
    """What the service knows of the item now. Ids like `.` or `..`, which no path can hold: GET /items?item_id=."""
    return _reply(view, item_id)


@router.put(
    "/items",
    summary="Store items",
    dependencies=WRITER,
    responses=problems(*WRITING, 507),
    openapi_extra={"requestBody": ITEMS_REQUEST},
)
async def put_items(request: Request, service: ServiceDep, actor: ActorDep) -> PutReply:
    """Each item is judged by itself. One that is good replaces all that was stored of it; a deleted one comes back."""
    return await _with_body(request, service, lambda content: _put(service, content, actor))


def _put(service: Service, content: Any, actor: Actor) -> PutReply:
    if not isinstance(content, dict) or content.keys() != {"items"} or not isinstance(content["items"], list):
        raise RequestError('the body must be {"items": [...]} and nothing else')
    sent = content["items"]
    if len(sent) > service.settings.max_batch:
        raise _too_many(service)
    good: list[ItemRow] = []
    bad: list[RejectedItem] = []
    room = _room(service)
    for index, item in enumerate(sent):
        try:
            row = _row(ItemIn.model_validate(item))
        except ValidationError as error:
            code, detail = item_error(item, error)
            bad.append(RejectedItem(index=index, code=code, detail=detail))
            continue
        if (size := items.size_of(row)) > room.item:
            detail = f"the item has {size:,} bytes: at most {room.item:,}"
            bad.append(RejectedItem(index=index, code=ItemTooLarge.code, detail=detail))
        else:
            good.append(row)
    stored = items.put(service.engine, good, now(), room, actor)
    service.shelf.refresh()
    return PutReply(stored=stored, rejected=bad, model_version=service.snapshots.version)


@router.patch(
    f"/items/{ITEM_ID}",
    summary="Change an item",
    dependencies=WRITER,
    responses=problems(401, 403, 404, 413, 415, 422, 429, 503, 507),
    openapi_extra={"requestBody": ITEM_REQUEST},
)
async def patch_item(request: Request, service: ServiceDep, item_id: ItemPath, actor: ActorDep) -> ItemReply:
    """Only the given fields change; metadata is merged by key. `{"available": false}` hides an item at once."""
    return await _with_body(request, service, lambda content: _patch(service, item_id, content, actor))


def _patch(service: Service, item_id: str, content: Any, actor: Actor) -> ItemReply:
    try:
        sent = ItemPatch.model_validate(content)
    except ValidationError as error:
        raise RequestError(item_error(content, error)[1]) from None
    fields = {name: getattr(sent, name) for name in sent.model_fields_set}
    known = service.shelf.view.get(item_id)
    base = None if known is None else _base(known)
    items.patch(service.engine, item_id, fields, base, _room(service), actor)
    service.shelf.refresh()
    return _reply(service.shelf.view, item_id)


@router.delete(
    f"/items/{ITEM_ID}", summary="Delete an item", dependencies=WRITER, responses=problems(401, 403, 404, 422, 429, 503)
)
async def delete_item(service: ServiceDep, request: Request, item_id: ItemPath, actor: ActorDep) -> DeletedReply:
    """It is gone from every answer at once, also where the model has it, until PUT /items brings it back."""

    def work() -> None:
        items.delete(service.engine, item_id, known=service.shelf.view.get(item_id) is not None, by=actor)
        service.shelf.refresh()

    await service.pools.write.run(request, work)
    return DeletedReply(item_id=item_id, deleted=True, model_version=service.snapshots.version)


async def _with_body(request: Request, service: Service, act: Callable[[Any], Answer]) -> Answer:
    """What `act` makes of the body's JSON, in a thread."""
    headers: Mapping[str, str] = request.headers
    jsonbody.media_type(headers.get("content-type"), JSON)
    body = await request.body()

    def read_and_act() -> Answer:
        whole = jsonbody.unpack(body, headers.get("content-encoding"), service.settings.max_body)
        try:
            content = jsonbody.decode(whole, service.settings.max_batch)
        except TooMany:
            raise _too_many(service) from None
        return act(content)

    return await service.pools.write.run(request, read_and_act, body_cost(body))


def _too_many(service: Service) -> BodyTooLarge:
    return BodyTooLarge(f"the request has more than {service.settings.max_batch} items: send it in parts")


def _reply(view: View, item_id: str) -> ItemReply:
    return ItemReply(**vars(view.item(item_id)), model_version=view.version)


def _room(service: Service) -> Room:
    settings = service.settings
    return Room(settings.max_items, settings.items_mb << 20, settings.max_item)


def _row(item: ItemIn) -> ItemRow:
    metadata = {name: value for name, value in item.metadata.items() if value is not None}
    return ItemRow(item.item_id, item.title, item.category, item.available, metadata=metadata)


def _base(item: ItemView) -> ItemRow:
    return ItemRow(item.item_id, item.title, item.category, item.available, metadata=item.metadata)
