"""The API document says of every problem that it comes as `application/problem+json`, however a route declares it."""

from typing import Any

from fastapi import FastAPI

from profile_api.responses.errors import MEDIA_TYPE


def describe_problems(app: FastAPI) -> None:
    """FastAPI lists declared models of responses as plain JSON."""
    described = app.openapi

    def openapi() -> dict[str, Any]:
        document = described()
        for path in document["paths"].values():
            for operation in path.values():
                for response in operation["responses"].values():
                    content = response.get("content", {})
                    plain = content.get("application/json", {}).get("schema", {})
                    if plain.get("$ref", "").endswith("/ProblemDocument"):
                        content[MEDIA_TYPE] = content.pop("application/json")
        return document

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend its document
