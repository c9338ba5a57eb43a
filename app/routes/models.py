"""The versions of the model: what there is, what changed, which one serves."""

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from fastapi import Path as PathParameter

from app.http.deps import Service, ServiceDep, needs
from app.http.replies import reply
from app.live.answers import json_bytes
from app.live.view import View
from app.schemas.common import problems
from app.schemas.models import DiffReply, ManifestReply, ModelsReply, ServingReply, is_private, manifest_of, summary_of
from index.artifact.manifest import check_version
from index.artifact.registry import Registry
from index.diff import ModelDiff, diff
from index.errors import ArtifactError, NoModel, RegistryError
from index.model import Model

KEPT_DIFFS = 8
FOLDER = "MODELS"  # what a message says instead of the folder's path

VersionPath = Annotated[str, PathParameter(description="version of a model", examples=["20261124-065832"])]

router = APIRouter(tags=["models"])


class Diffs:
    """The last few diffs: versions never change, so neither does what changed between two.

    One is made at a time, since each opens up to two models beside the one that serves.
    """

    def __init__(self, kept: int = KEPT_DIFFS) -> None:
        self._most = kept
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[Path, str, str], ModelDiff] = OrderedDict()

    def get(self, service: Service, registry: Registry, before: str, after: str) -> ModelDiff:
        """Raises RegistryError for an unknown version, ArtifactError for a damaged one."""
        key = registry.root, before, after
        with self._lock:
            found = self._kept.pop(key, None)
            if found is None:
                found = diff(_model(service, registry, before), _model(service, registry, after))
            self._kept[key] = found
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return found


diffs = Diffs()


@router.get(
    "/models",
    summary="Models",
    response_model=ModelsReply,
    responses=problems(401, 403, 409, 429),
    dependencies=[needs("read")],
)
def models(service: ServiceDep) -> Response:
    """Every version, newest first, with its main figures. One with a damaged manifest is left out; the log names it."""
    with _registry(service) as registry:
        current, manifests = registry.current(), registry.manifests()
    found = [summary_of(manifest, current) for manifest in reversed(manifests)]
    view = service.shelf.view
    return _reply(view, ModelsReply(models=found, model_version=view.version).model_dump(mode="json"))


@router.get(
    "/models/diff",
    summary="What changed between two models",
    response_model=DiffReply,
    responses=problems(401, 403, 404, 409, 422, 429, 503),
    dependencies=[needs("read")],
)
def models_diff(
    service: ServiceDep,
    from_: Annotated[
        str | None, Query(alias="from", description="the earlier version; without it, the one made before `to`")
    ] = None,
    to: Annotated[str | None, Query(description="the later version; without it, the one that serves")] = None,
) -> Response:
    """Items that came and went, how many neighbours stayed, the items that moved most, how far vectors moved once the
    two models lie in one space, figures and settings."""
    with _registry(service) as registry:
        before, after = _pair(registry, from_, to)
        found = asdict(diffs.get(service, registry, before, after))
    found["settings"] = [
        change
        for change in found["settings"]
        if not (is_private(change["name"], change["before"]) or is_private(change["name"], change["after"]))
    ]
    view = service.shelf.view
    return _reply(view, {"model_version": view.version, "from": before, "to": after, **found})


@router.post(
    "/models/rollback",
    summary="Go back to the model before",
    response_model=ServingReply,
    responses=problems(401, 403, 404, 409, 429, 503),
    dependencies=[needs("admin")],
)
def models_rollback(service: ServiceDep) -> Response:
    """To the version that served before the current one and still exists, after checking all of it. A second rollback
    goes further back. This process serves it with the reply, others within a second."""
    with _registry(service) as registry:
        version = registry.rollback()
    return _switched(service, version)


@router.get(
    "/models/{version}",
    summary="One model's manifest",
    response_model=ManifestReply,
    responses=problems(401, 403, 404, 409, 429),
    dependencies=[needs("read")],
)
def model(service: ServiceDep, version: VersionPath) -> Response:
    """How it was made and measured. Settings that name places on the server are left out."""
    with _registry(service) as registry:
        manifest, current = _known(registry, version).open(version, verify=False).manifest, registry.current()
    view = service.shelf.view
    return _reply(view, manifest_of(manifest, current, view.version).model_dump(mode="json"))


@router.post(
    "/models/{version}/activate",
    summary="Serve this model",
    response_model=ServingReply,
    responses=problems(401, 403, 404, 409, 429, 503),
    dependencies=[needs("admin")],
)
def models_activate(service: ServiceDep, version: VersionPath) -> Response:
    """Whatever the gate said, after checking all of its files. This process serves it with the reply, others within a
    second."""
    with _registry(service) as registry:
        _known(registry, version).activate(version)
    return _switched(service, version)


@contextmanager
def _registry(service: Service) -> Iterator[Registry]:
    """The registry; what it raises names files within the folder, not where the folder lies on the server."""
    # Absolute, so that the folder's path in a message cannot be taken for a word of it.
    registry = Registry(service.settings.models.absolute())
    try:
        yield registry
    except (ArtifactError, RegistryError) as error:
        text = str(error).replace(f"{registry.root}/", "").replace(str(registry.root), FOLDER)
        raise type(error)(text) from error


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
        raise NoModel("no model is active yet: post events and POST /retrain, or run item2vec train")
    if before is None:
        versions = registry.versions()
        earlier = versions[: versions.index(after)] if after in versions else []
        if not earlier:
            raise RegistryError(f"no version was made before {after}: say which one with from=")
        before = earlier[-1]
    return before, after


def _model(service: Service, registry: Registry, version: str) -> Model:
    """The one that serves where it is that one: opening another takes seconds at 100,000 items."""
    snapshot = service.snapshots.current
    return snapshot.model if snapshot and snapshot.version == version else Model(registry.open(version))


def _switched(service: Service, version: str) -> Response:
    """Takes the new version over at once; the watcher would within `watch_seconds`."""
    service.snapshots.refresh()
    service.shelf.refresh()
    view = service.shelf.view
    return _reply(view, {"version": version, "model_version": view.version})


def _reply(view: View, content: dict[str, Any]) -> Response:
    return reply(view, json_bytes(content), cached=False)
