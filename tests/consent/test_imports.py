"""A decision in a file that nobody understands is no permission, and for its person a refusal until somebody looks."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from consent.current import TAKEN_BACK, effective_consent
from consent.imports import COMMON_KINDS, Doubt, check_import, doubts_of, known_kinds
from consent.model import ConsentEvent, ConsentState, LegalBasis, Method
from consent.purposes import published_purposes
from contracts.channel import Channel
from contracts.consent_rows import consents_of
from contracts.identifiers import Identifier
from contracts.reading import RefusedRow

NOW = datetime(2025, 6, 1, tzinfo=UTC)
COLUMNS: dict[str, Any] = {
    "kind": {"is": "identifier_kind"},
    "who": {"is": "identifier"},
    "what": {"is": "purpose"},
    "said": {"is": "decision", "values": {"oui": "granted", "non": "refused", "true": "granted", "false": "refused"}},
    "at": {"is": "decided_at", "format": "iso"},
}
CONSENTS = Channel.model_validate(
    {"channel": "forms", "files": "*", "format": "jsonl", "region": "FR", "holds": ["consent"], "columns": COLUMNS}
)
YES_NO = {"yes": "granted", "no": "refused"}
ROW = {"kind": "email", "who": "ana@post.example", "what": "marketing_email", "said": "non", "at": "2025-05-01"}
ANA = Identifier("email", "ana@post.example")
ALL = {one.id for one in published_purposes().values() if one.legal_basis.value in ("consent", "legitimate_interest")}
ALL -= {one.id for one in published_purposes().values() if one.refused}


def decision(**cells: Any) -> str:
    (row,) = consents_of(CONSENTS, ROW | cells, NOW)
    check_import(CONSENTS, [row], COMMON_KINDS)
    return row.decision


def doubted(**cells: Any) -> set[Doubt]:
    return doubts_of(CONSENTS, ROW | cells, b"", NOW, COMMON_KINDS)


@pytest.mark.parametrize("said", [False, "false", "FALSE", "False", "NON", "Non", " non ", "Refused", "REFUSED"])
def test_a_no_is_one_as_a_boolean_and_in_any_case(said: Any) -> None:
    assert decision(said=said) == "refused"


@pytest.mark.parametrize("said", [True, "true", "OUI", "Granted"])
def test_a_yes_is_one_as_a_boolean_and_in_any_case(said: Any) -> None:
    assert decision(said=said) == "granted"


def test_purposes_and_kinds_are_understood_in_any_case() -> None:
    assert decision(what="Marketing_Email", kind="EMAIL") == "refused"


@pytest.mark.parametrize(
    ("cells", "column"),
    [({"said": "nope"}, "said"), ({"said": 0}, "said"), ({"what": "newsletter"}, "what"), ({"kind": "e-mail"}, "kind")],
)
def test_a_word_that_nobody_knows_is_refused_and_told(cells: dict[str, Any], column: str) -> None:
    with pytest.raises(RefusedRow, match=f"^{column}: expected .*, found another word; add it to `values`$"):
        decision(**cells)


def test_a_kind_that_another_contract_names_is_known() -> None:
    clubs = {"id": {"is": "key", "kind": "club_number"}}
    club = Channel.model_validate(
        {"channel": "club", "files": "*", "format": "csv", "holds": ["person"], "columns": clubs}
    )
    assert "club_number" in known_kinds([club]) and "club_number" not in COMMON_KINDS


def test_what_is_understood_leaves_no_doubt_also_where_it_is_refused_for_its_notice() -> None:
    assert doubted() == doubted(said="oui") == set()


def test_an_unknown_word_is_a_doubt_about_that_purpose() -> None:
    assert doubted(said="nope") == doubted(said="") == {Doubt(ANA, "marketing_email")}
    assert doubted(at="soon") == {Doubt(ANA, "marketing_email")}


def test_an_unknown_purpose_is_a_doubt_about_all_that_one_can_object_to() -> None:
    assert doubted(what="newsletter") == {Doubt(ANA, purpose) for purpose in ALL}
    assert {"advice", "marketing_email"} <= ALL and "service" not in ALL


def test_an_unknown_kind_is_whoever_it_may_be() -> None:
    assert Doubt(ANA, "marketing_email") in doubted(kind="courriel")
    assert Doubt(Identifier("loyalty_card", "c-17"), "marketing_email") in doubted(kind="carte", who="C-17")


def test_a_row_that_cannot_be_parsed_doubts_the_contacts_in_it() -> None:
    torn = doubts_of(CONSENTS, None, b'{"kind":"email","who":"ana@post.example","sa', NOW, COMMON_KINDS)
    assert torn == {Doubt(ANA, purpose) for purpose in ALL}
    assert doubts_of(CONSENTS, None, b'{"kind"', NOW, COMMON_KINDS) == set()


def event(id_: str, state: ConsentState, day: int, method: Method = Method.IMPORT, received: int = 0) -> ConsentEvent:
    at, came = NOW + timedelta(days=day), NOW + timedelta(days=received or day)
    return ConsentEvent(id_, ANA, "advice", state, at, None, received_at=came, method=method)


def test_a_doubt_is_a_refusal_until_somebody_looked_and_then_nothing() -> None:
    advice = published_purposes()["advice"]
    assert advice.legal_basis is LegalBasis.LEGITIMATE_INTEREST
    doubt = event("d", ConsentState.REFUSED, 3, Method.NOT_UNDERSTOOD)
    seen = event("d" + TAKEN_BACK, ConsentState.UNKNOWN, 3, Method.LOOKED_AT, received=5)
    now = NOW + timedelta(days=9)
    assert effective_consent([doubt], advice, now).state.refuses
    assert not effective_consent([doubt, seen], advice, now).state.refuses
    assert not effective_consent([seen, doubt], advice, now).state.refuses
    refused = event("r", ConsentState.REFUSED, 1)
    assert effective_consent([refused, seen, doubt], advice, now).state is ConsentState.REFUSED


def test_a_yes_that_was_only_in_doubt_holds_again() -> None:
    purpose = published_purposes()["personalisation"]
    said = [
        ConsentEvent(one.consent_id, ANA, purpose.id, one.state, one.decided_at, None, received_at=one.received_at,
                     method=one.method)
        for one in (
            event("y", ConsentState.GIVEN, 1),
            event("d", ConsentState.REFUSED, 3, Method.NOT_UNDERSTOOD),
            event("d" + TAKEN_BACK, ConsentState.UNKNOWN, 3, Method.LOOKED_AT, received=5),
        )
    ]  # fmt: skip
    now = NOW + timedelta(days=9)
    assert effective_consent(said[:2], purpose, now).state.refuses
    assert effective_consent(said, purpose, now).state is ConsentState.GIVEN


def test_a_row_of_a_person_may_say_what_the_person_decided() -> None:
    columns = {
        "id": {"is": "key"},
        "email": {"is": "email"},
        "phone": {"is": "phone"},
        "news": [
            {"is": "decision", "purpose": "marketing_email", "of": "email", "values": YES_NO},
            {"is": "attribute", "name": "newsletter", "category": "behaviour"},
        ],
        "sms": {"is": "decision", "purpose": "marketing_phone", "of": "phone", "values": YES_NO},
    }  # fmt: skip
    shop = Channel.model_validate(
        {"channel": "shop", "files": "*", "format": "csv", "holds": ["person", "consent"], "columns": columns}
    )
    row = {"id": "1", "email": "Ana@post.example", "phone": "+33698765432", "news": "NO", "sms": ""}
    (said,) = consents_of(shop, row, NOW)
    assert (said.identifier, said.purpose, said.decision, said.decided_at) == (ANA, "marketing_email", "refused", NOW)
    assert {one.purpose for one in consents_of(shop, row | {"sms": "yes"}, NOW)} == {
        "marketing_email",
        "marketing_phone",
    }
    assert doubts_of(shop, row | {"news": "peut-être"}, b"", NOW, COMMON_KINDS) == {
        Doubt(who, purpose) for who in (ANA, Identifier("phone", "+33698765432")) for purpose in ("marketing_email",)
    }
