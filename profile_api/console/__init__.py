"""The advisor's page: server-rendered, through the same gate as every other reader."""

from pathlib import Path

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from profile_api.console.pages import router
from profile_api.console.session import lead_to_sign_in


def mount_console(app: FastAPI) -> None:
    """Adds the page and its files to the application."""
    app.include_router(router)
    lead_to_sign_in(app)
    app.mount("/static", StaticFiles(directory=Path(__file__).parent / "static"), name="static")
