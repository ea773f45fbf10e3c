"""What became of a suggestion, and why."""

from enum import StrEnum


class FeedbackOutcome(StrEnum):
    """What whoever served did with a suggestion."""

    ACCEPTED = "accepted"
    CHANGED = "changed"
    REJECTED = "rejected"
    """It stays away until its evidence changes."""


class FeedbackReason(StrEnum):
    """Why it was changed or rejected; of the suggestion and the customer, never of who serves."""

    NOT_RELEVANT = "not_relevant"
    DONE_ALREADY = "done_already"
    WRONG_MOMENT = "wrong_moment"
    CUSTOMER_DECLINED = "customer_declined"
    FACTS_WRONG = "facts_wrong"
    BETTER_WAY = "better_way"
