"""Whether the process lives, and whether it can serve."""

from fastapi import APIRouter

from profile_api.http.dependencies import AskedGate, ProblemDocument
from profile_api.responses.errors import Problem
from profile_api.responses.views import View

router = APIRouter(prefix="/v1", tags=["operation"])


class Health(View):
    status: str


@router.get("/health", summary="The process lives")
async def health() -> Health:  # no thread: all of them may wait for a slow store
    """Asks no store, so that a slow store does not restart the process."""
    return Health(status="ok")


@router.get(
    "/ready",
    summary="The stores answer",
    responses={503: {"model": ProblemDocument, "description": "`missing` names the stores that do not answer"}},
)
def ready(gate: AskedGate) -> Health:
    """For the load balancer."""
    if missing := gate.missing():
        raise Problem(503, "not-ready", f"Expected every store to answer, found none from {missing}.", missing=missing)
    return Health(status="ready")
