"""The desk that a request is handled at, as FastAPI hands it to a route."""

from typing import Annotated

from fastapi import Depends, Request

from consent.purposes import published_purposes
from profile_api.http.dependencies import AskedGate, Configured
from profile_api.privacy_requests.desk import Desk
from profile_api.privacy_requests.erasing import starter


def _desk(request: Request, gate: AskedGate, settings: Configured) -> Desk:
    starts = getattr(request.app.state, "start_erasing", starter(settings))
    return Desk(gate, published_purposes(), starts, settings.four_eyes)


AskedDesk = Annotated[Desk, Depends(_desk)]
