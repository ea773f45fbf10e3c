"""A wish for a person is heard in the customer's own words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engagement.next_step.asking import asks_for_a_person
from engagement.next_step.words import published_words

PHRASES = [phrase for phrases in published_words().asks_for_a_person.values() for phrase in phrases]


@pytest.mark.parametrize(
    "text",
    [
        "Je veux parler à quelqu’un !",
        "JE VOUDRAIS PARLER\nÀ UN CONSEILLER",
        "y a-t-il une vraie personne ici?",
        "Passez-moi un responsable.",
        "I'd like to speak to somebody",
        "HUMAN, please!!",
        "can I talk to a real person",
        "I do not want to talk to a person",  # it errs towards people
    ],
)
def test_these_ask_for_a_person(text: str) -> None:
    assert asks_for_a_person(text)


@pytest.mark.parametrize(
    "text",
    ["Where is my parcel?", "Où est mon colis ?", "A personal matter", "The agent was late", "notabot", "", "???"],
)
def test_these_do_not(text: str) -> None:
    assert not asks_for_a_person(text)


@given(st.text(), st.sampled_from(PHRASES), st.text())
def test_a_phrase_is_heard_wherever_it_stands_and_no_text_breaks_it(before: str, phrase: str, after: str) -> None:
    assert asks_for_a_person(f"{before} {phrase.upper()} {after}")
    asks_for_a_person(before + after)


def test_the_phrases_are_written_as_they_are_compared() -> None:
    for phrase in PHRASES:
        assert phrase == phrase.lower() and phrase.isascii() and phrase.replace(" ", "").isalpha(), phrase
