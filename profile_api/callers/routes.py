"""Who is calling."""

import time
from typing import Annotated, Any

from fastapi import APIRouter, Body

from profile_api.callers.identify import identify
from profile_api.callers.views import IdentifyAnswer, IdentifyRequest
from profile_api.http.auth import Reader
from profile_api.http.dependencies import PROBLEMS, AskedGate, PurposeHeader

router = APIRouter(prefix="/v1/identity", tags=["identity"], responses=PROBLEMS)

BEAT = 0.04
"""Seconds of which every answer takes a whole number: how long it took tells nothing of who is on file."""

EXAMPLES: dict[str, Any] = {
    "a name as recognised and as spelt": {
        "value": {
            "call": "5b8d0f2e-7c1a",
            "heard": {
                "family_name": [
                    {"text": "Durant", "confidence": 0.6},
                    {"text": "D as in David, U, R, A, N, D", "confidence": 0.4},
                ],
                "given_name": ["Ana"],
                "birth_date": ["twelfth of March nineteen eighty-four"],
            },
            "region": "FR",
        }
    },
    "a number and a postcode": {
        "value": {
            "call": "5b8d0f2e-7c1a",
            "heard": {"number": ["L, two zero four eight one six"], "postcode": ["69001"]},
        }
    },
}


@router.post("/identify", summary="Find out who is calling")
def identify_caller(
    gate: AskedGate,
    reader: Reader,
    request: Annotated[IdentifyRequest, Body(openapi_examples=EXAMPLES)],
    purpose: PurposeHeader = None,
) -> IdentifyAnswer:
    """Send everything that the caller has told so far; ask for `ask`, and send all again, until `verified`."""
    begun = time.perf_counter()
    try:
        return identify(gate, reader, purpose, request)
    finally:
        taken = time.perf_counter() - begun
        time.sleep(BEAT - taken % BEAT)
