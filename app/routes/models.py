"""The versions of the model: what there is, what changed, which one serves."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi import Path as PathParameter

from app.answers.rendering import json_bytes
from app.http.deps import ADMIN, READER, ServiceDep
from app.http.replies import passing
from app.http.who import ActorDep
from app.problems import FIRST_STEP
from app.schemas.common import Reply, problems
from app.schemas.models import DiffReply, ManifestReply, ModelsReply, ServingReply, diff_of, manifest_of, summary_of
from app.service import Service
from index.artifact.manifest import check_version
from index.artifact.registry import Registry
from index.errors import ArtifactError, NoModel, RegistryError
from store.audit import Action, around

VersionPath = Annotated[str, PathParameter(description="version of a model", examples=["20261124-065832"])]

router = APIRouter(tags=["models"])


@router.get(
    "/models",
    summary="Models",
    response_model=ModelsReply,
    responses=problems(401, 403, 409, 429, 503),
    dependencies=READER,
)
async def models(service: ServiceDep, request: Request) -> Response:
    """Every version, newest first, with its main figures. One with a damaged manifest is left out; the log names it."""

    def work() -> Response:
        current, manifests = service.registry.current(), service.registry.manifests()
        found = [summary_of(manifest, current) for manifest in reversed(manifests)]
        return _reply(ModelsReply(models=found, model_version=service.shelf.view.version))

    return await service.pools.manage.run(request, work)


@router.get(
    "/models/diff",
    summary="What changed between two models",
    response_model=DiffReply,
    responses=problems(401, 403, 404, 409, 422, 429, 503),
    dependencies=READER,
)
async def models_diff(
    service: ServiceDep,
    request: Request,
    from_: Annotated[
        str | None, Query(alias="from", description="the earlier version; without it, the one made before `to`")
    ] = None,
    to: Annotated[str | None, Query(description="the later version; without it, the one that serves")] = None,
) -> Response:
    """Items that came and went, how many neighbours stayed, the items that moved most, how far vectors moved once the
    two models lie in one space, figures and settings."""

    def work() -> Response:
        before, after = _pair(service.registry, from_, to)
        found = service.diffs.get(service.registry, service.snapshots.current, before, after)
        return _reply(diff_of(found, before, after, service.shelf.view.version))

    return await service.pools.compare.run(request, work)


@router.post(
    "/models/rollback",
    summary="Go back to the model before",
    response_model=ServingReply,
    responses=problems(401, 403, 404, 409, 429, 503),
    dependencies=ADMIN,
)
async def models_rollback(service: ServiceDep, request: Request, actor: ActorDep) -> Response:
    """To the version that served before the current one and still exists, after checking all of it. A second rollback
    goes further back. This process serves it with the reply, others within a second."""

    def work() -> Response:
        with around(service.engine, actor, Action.MODEL_ROLLBACK, before=_serving(service.registry)) as end:
            version = end["thing"] = service.snapshots.rollback()
        return _switched(service, version)

    return await service.pools.switch.run(request, work)


@router.get(
    "/models/{version}",
    summary="One model's manifest",
    response_model=ManifestReply,
    responses=problems(401, 403, 404, 409, 429, 503),
    dependencies=READER,
)
async def model(service: ServiceDep, request: Request, version: VersionPath) -> Response:
    """How it was made and measured. Settings that name places on the server are left out."""

    def work() -> Response:
        manifest = _known(service.registry, version).open(version, verify=False).manifest
        return _reply(manifest_of(manifest, service.registry.current(), service.shelf.view.version))

    return await service.pools.manage.run(request, work)


@router.post(
    "/models/{version}/activate",
    summary="Serve this model",
    response_model=ServingReply,
    responses=problems(401, 403, 404, 409, 429, 503),
    dependencies=ADMIN,
)
async def models_activate(service: ServiceDep, request: Request, version: VersionPath, actor: ActorDep) -> Response:
    """Whatever the gate said, after checking all of its files. This process serves it with the reply, others within a
    second. What cannot be loaded is refused with the reason, and the version before goes on serving."""

    def work() -> Response:
        registry = _known(service.registry, version)
        with around(service.engine, actor, Action.MODEL_ACTIVATE, version, before=_serving(registry)):
            service.snapshots.activate(version)
        return _switched(service, version)

    return await service.pools.switch.run(request, work)


def _serving(registry: Registry) -> str | None:
    """None also where current.json is damaged: activating a version mends it."""
    try:
        return registry.current()
    except ArtifactError:
        return None


def _known(registry: Registry, *versions: str) -> Registry:
    """The registry, once all of these are found there; raises RegistryError."""
    for version in versions:
        if check_version(version) not in registry.versions():
            raise RegistryError(f"there is no version {version}; GET /models lists those there are")
    return registry


def _pair(registry: Registry, before: str | None, after: str | None) -> tuple[str, str]:
    """Both versions of a diff, with what was not given filled in. Raises RegistryError, and NoModel without a `to`."""
    _known(registry, *(version for version in (before, after) if version is not None))
    after = after or registry.current()
    if after is None:
        raise NoModel(f"no model is active yet: {FIRST_STEP}")
    if before is None:
        versions = registry.versions()
        earlier = versions[: versions.index(after)] if after in versions else []
        if not earlier:
            raise RegistryError(f"no version was made before {after}: say which one with from=")
        before = earlier[-1]
    return before, after


def _switched(service: Service, version: str) -> Response:
    """The requests after this one see it; the watcher would within `watch_seconds`."""
    service.shelf.follow()
    return _reply(ServingReply(version=version, model_version=service.shelf.view.version))


def _reply(content: Reply) -> Response:
    return passing(content.model_version, json_bytes(content.model_dump(mode="json", by_alias=True)))
