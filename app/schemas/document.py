"""The OpenAPI document: FastAPI's, with the problems that any route may answer."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from app.schemas.common import Problem, problems


def document_of(app: FastAPI) -> dict[str, Any]:
    """FastAPI's own error schemas go, since its errors become problems too."""
    document = get_openapi(
        title=app.title, version=app.version, description=app.description, routes=app.routes, openapi_version="3.1.0"
    )
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    schemas.pop("HTTPValidationError", None)
    schemas.pop("ValidationError", None)
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas |= problem.pop("$defs", {})
    schemas["Problem"] = problem
    everywhere = {str(status): answer for status, answer in problems(400, 408, 421, 429, 431).items()}
    for path in document["paths"].values():
        for operation in path.values():
            found = operation["responses"]
            if "application/json" in found.get("422", {}).get("content", {}):
                found["422"] = problems(422)[422]
            operation["responses"] = everywhere | found
    return document
