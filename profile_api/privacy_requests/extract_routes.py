"""Training tables that were handed out, for the privacy officer: what was in them, and what is to be deleted since."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter
from pydantic import Field

from consent.model import Role
from profile_api.access.gate import AccessRequest
from profile_api.http.auth import Reader
from profile_api.http.dependencies import PROBLEMS, AskedGate, PurposeHeader
from profile_api.responses.errors import Problem
from profile_api.responses.views import View
from read_model.outbox.recalls import handed_out

router = APIRouter(prefix="/v1/extracts", tags=["training tables"], responses=PROBLEMS)


class ExtractView(View):
    extract_id: str
    purpose: str
    extracted_at: datetime
    file: str
    rows: int
    manifest: dict[str, Any]
    ended_at: datetime | None = Field(description="since when it is known to be destroyed")
    recalled: list[str] = Field(description="column `person` of the rows that are to be deleted")


class Extracts(View):
    extracts: list[ExtractView] = Field(description="the newest first")


@router.get("", summary="List the training tables that were handed out")
def list_extracts(gate: AskedGate, reader: Reader, purpose: PurposeHeader = None) -> Extracts:
    """With the references of the rows that whoever holds a table has to delete from it."""
    with gate.acting(AccessRequest(reader, purpose, "extract-list", of_case=False)) as reading:
        if reader.role is not Role.PRIVACY_OFFICER:
            raise Problem(403, "role-not-permitted", "Expected a privacy officer, found another role.")
        return Extracts(extracts=[ExtractView(**one) for one in reading.run(handed_out)])
