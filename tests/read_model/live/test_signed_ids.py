"""A signature of a user id counts as the page sent the id, and as every part of the service reads it."""

import json
from typing import Any

import pytest

from contracts.assurance import Proof
from contracts.events import Message, RefusedItem
from contracts.names import clean
from contracts.sources import Sender, user_hash
from read_model.live.proving import is_signed, proof_of
from tests.read_model.live.collecting import APP, SECRET

BROWSER = Sender(APP, False)
ODD = ["e\u0301x", " fresh-9", "a\u200bb", "a  b", "\ufeffa", "u-2048"]


def signed(user_id: str, secret: str = SECRET) -> str:
    return user_hash(secret, user_id).decode()


def proof(user_id: Any, signature: str) -> Proof:
    return proof_of(BROWSER, Message(user_id=user_id, context={"userHash": signature}))


@pytest.mark.parametrize("user_id", ODD)
def test_an_id_that_was_signed_as_sent_or_as_read_is_proven(user_id: str) -> None:
    for one in (user_id, clean(user_id)):
        signature = signed(one)
        assert proof(user_id, signature) is proof(user_id, signature.upper()) is Proof.SIGNATURE
        raw = json.dumps({"userId": user_id, "context": {"userHash": signature}}).encode()
        assert is_signed(BROWSER, raw)


def test_a_number_is_signed_as_it_is_written() -> None:
    assert proof(2048, signed("2048")) is Proof.SIGNATURE


@pytest.mark.parametrize("signature", [signed("e\u0301y"), signed("e\u0301x", "another"), "", "\u00e9"])
def test_another_signature_proves_nothing(signature: str) -> None:
    with pytest.raises(RefusedItem, match="userHash"):
        proof("e\u0301x", signature)
    assert not is_signed(BROWSER, json.dumps({"userId": "e\u0301x", "context": {"userHash": signature}}).encode())


def test_the_signature_of_an_odd_form_is_no_signature_of_another_odd_form() -> None:
    with pytest.raises(RefusedItem, match="userHash"):
        proof(" fresh-9", signed("fresh-9 "))
