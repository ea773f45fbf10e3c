"""What the rules know of an interaction, and the zones that they may put it in."""

from enum import StrEnum
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field


class Zone(StrEnum):
    """Where an interaction belongs (Dynamic Experience Framework); in this order, the later is the more human."""

    BASIC = "basic"
    """Simple and essential, such as opening hours: reliable before clever."""
    EFFICIENCY = "efficiency"
    """Routine: automated."""
    ENHANCEMENT = "enhancement"
    """Digital, and a person enriches it; or a machine helps the person."""
    TRADITIONAL = "traditional"
    """A person first."""


RANK = {zone: rank for rank, zone in enumerate(Zone)}

Risk = Literal["low", "medium", "high"]
Emotion = Literal["calm", "unknown", "frustrated", "distressed"]
Vulnerability = Literal["none", "unknown", "possible", "known"]
Milestone = Literal["anniversary", "first_order", "hundredth_order", "return", "case_resolved"]

SCALES: dict[str, tuple[str, ...]] = {
    "risk": get_args(Risk),
    "emotion": get_args(Emotion),
    "vulnerability": get_args(Vulnerability),
}
"""Inputs in words; in this order, the later never leads away from a person. What may not be read is `unknown`."""


class Situation(BaseModel):
    """All inputs of the rules; each must be given, and null means that nobody knows.

    `value` is what is at stake, in the installation's currency. `dial` is how the customer wants to be served: from 0,
    by people alone, to 100, by themselves.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    intent: Annotated[str, Field(min_length=1, max_length=100)]
    product: Annotated[str, Field(min_length=1, max_length=100)] | None
    risk: Risk
    value: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None
    emotion: Emotion
    attempts: Annotated[int, Field(ge=0)]
    vulnerability: Vulnerability
    milestone: Milestone | None
    dial: Annotated[int, Field(ge=0, le=100)] | None


def routine(intent: str) -> Situation:
    """A situation of which only the intent is known."""
    return Situation(
        intent=intent,
        product=None,
        risk="low",
        value=None,
        emotion="unknown",
        attempts=0,
        vulnerability="unknown",
        milestone=None,
        dial=None,
    )
