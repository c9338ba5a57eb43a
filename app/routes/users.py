"""A person's stored events, erased."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request

from app.http.deps import ADMIN, ServiceDep
from app.http.itempath import USER_ID
from app.http.who import ActorDep
from app.schemas.common import problems
from app.schemas.users import ErasedReply
from app.service import Service
from store import erasures
from store.audit import Actor

router = APIRouter(tags=["users"], dependencies=ADMIN)

NEXT_STEP = "POST /retrain: the next training is a whole one, without the user"
STATUSES = (401, 403, 422, 429, 503)


@router.delete("/users", summary="Erase a user, the id as a parameter", responses=problems(*STATUSES))
async def erase_by_parameter(
    service: ServiceDep,
    request: Request,
    actor: ActorDep,
    user_id: Annotated[str, Query(description="id of the user, as in the events")],
) -> ErasedReply:
    """For ids that a path cannot carry unchanged; else as `/users/{user_id}`."""
    return await service.pools.manage.run(request, lambda: _erase(service, actor, user_id))


@router.delete(f"/users/{USER_ID}", summary="Erase a user", responses=problems(*STATUSES))
async def erase_by_path(
    service: ServiceDep,
    request: Request,
    actor: ActorDep,
    user_id: Annotated[str, Path(description="id of the user, as in the events")],
) -> ErasedReply:
    """Deletes the stored events of the user, rejected rows that hold the id, and rows without a user in the user's
    sessions. Copies that a training has made go within a second, and it begins again; the next training is whole.
    Files that the training reads beside the database are not touched. Events of the id that come later are new."""
    return await service.pools.manage.run(request, lambda: _erase(service, actor, user_id))


def _erase(service: Service, actor: Actor, user_id: str) -> ErasedReply:
    found = erasures.erase(service.engine, user_id, actor)
    return ErasedReply(
        erasure=found.number,
        events=found.events,
        rejects=found.rejects,
        models_trained_before=service.registry.versions()[::-1],
        next_step=NEXT_STEP,
        model_version=service.snapshots.version,
    )
