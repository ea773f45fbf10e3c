"""Takes down what became of a suggestion, and says which suggestions stay away."""

from collections.abc import Collection
from uuid import UUID

from consent.model import Actor, Decision, Role
from engagement.next_step.words import published_words
from profile_api.access.asking import AccessRequest
from profile_api.access.gate import Gate, Reading
from profile_api.access.stored import StoredProfile
from profile_api.engagement.dial import CATEGORY, SERVES
from profile_api.engagement.feedback_views import FeedbackForm, RecordedFeedback
from profile_api.engagement.queries import add_feedback, feedback_on, rejected_among
from profile_api.responses.errors import Problem, not_found
from read_model.rebuild import hold_identities

ROLES = frozenset({Role.ADVISOR, Role.BOT})
"""Who gets suggestions."""

MOST_A_DAY = 50


def take_down(gate: Gate, actor: Actor, purpose: str | None, profile_id: str, form: FeedbackForm) -> RecordedFeedback:
    """Stores it under the person's records, and without who gave it: it rates nobody."""
    with gate.acting(AccessRequest(actor, purpose, "suggestion-feedback", SERVES)) as reading:
        reading.run(hold_identities)  # an erasure takes the person before, or finds what is said
        if actor.role not in ROLES:
            raise Problem(403, "role-not-permitted", "Expected an advisor or a bot, found another role.")
        if form.rule not in (known := [one.id for one in published_words().suggestions]):
            detail = "Expected in `rule` that of a suggestion, see `valid`; found another."
            raise Problem(422, "suggestion-unknown", detail, valid=sorted(known))
        profile = reading.profile(profile_id)
        if profile is None:
            raise not_found()
        reading.about = profile.profile_id
        under, today = [*reading.parts(profile)], gate.clock().date()
        if reading.run(feedback_on, under, today) >= MOST_A_DAY:
            detail = (
                f"Expected feedback about a person at most {MOST_A_DAY} times a day, found more; try again tomorrow."
            )
            raise Problem(429, "feedback-too-often", detail, headers={"Retry-After": "86400"})
        reading.run(add_feedback, under, form.suggestion, form.rule, form.outcome, form.reason, today)
        return RecordedFeedback(profile_id=profile.profile_id, suggestion=form.suggestion, outcome=form.outcome)


def staying_away(
    reading: Reading, profile: StoredProfile, may: Decision, suggested: Collection[UUID]
) -> frozenset[UUID]:
    """Those of these suggestions that were rejected, inside an answer; none where the decision does not let it out."""
    if not suggested or CATEGORY not in may.allowed:
        return frozenset()
    return reading.run(rejected_among, reading.parts(profile), suggested)
