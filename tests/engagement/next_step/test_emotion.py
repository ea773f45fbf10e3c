"""An emotion counts for the moment, and only where its category may be used."""

from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.categories import Category
from engagement.next_step.emotion import CATEGORY, LASTS, Noticed, NoticedBy, emotion_seen
from engagement.zones.situation import Emotion

NOW = datetime(2024, 5, 1, 12, tzinfo=UTC)
SAID, ALL = frozenset({Category.COMMUNICATION}), frozenset(Category)
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("by", "ago", "allowed", "seen"),
    [
        # who noticed it        when           what may be used          what the rules see
        (NoticedBy.CUSTOMER, 0 * MINUTE, SAID, "distressed"),
        (NoticedBy.BOT, 0 * MINUTE, SAID, "distressed"),
        (NoticedBy.ADVISOR, LASTS, SAID, "distressed"),
        (NoticedBy.BOT, -5 * MINUTE, SAID, "distressed"),
        (NoticedBy.BOT, LASTS + MINUTE, SAID, "unknown"),
        (NoticedBy.BOT, 0 * MINUTE, ALL - SAID, "unknown"),
        (NoticedBy.BOT, 0 * MINUTE, frozenset(), "unknown"),
        # how a voice sounds is biometric
        (NoticedBy.TELEPHONY, 0 * MINUTE, SAID, "unknown"),
        (NoticedBy.TELEPHONY, 0 * MINUTE, frozenset({Category.SENSITIVE}), "distressed"),
    ],
)
def test_the_rules_see_an_emotion_that_is_fresh_and_may_be_used(
    by: NoticedBy, ago: timedelta, allowed: frozenset[Category], seen: Emotion
) -> None:
    assert emotion_seen(Noticed("distressed", by, NOW - ago), allowed, NOW) == seen


def test_nobody_noticed_anything() -> None:
    assert emotion_seen(None, ALL, NOW) == "unknown"


@given(st.sampled_from(get_args(Emotion)), st.sampled_from(NoticedBy), st.sets(st.sampled_from(Category)))
def test_without_permission_it_is_unknown_whatever_it_is(emotion: Emotion, by: NoticedBy, may: set[Category]) -> None:
    seen = emotion_seen(Noticed(emotion, by, NOW), may, NOW)
    assert seen == (emotion if CATEGORY[by] in may else "unknown")


def test_whoever_notices_has_a_category_and_nobody_notices_what_advisors_feel() -> None:
    assert CATEGORY.keys() == set(NoticedBy)
    assert {field for field in Noticed.__dataclass_fields__} == {"emotion", "by", "at"}
