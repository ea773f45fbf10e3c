"""Schemathesis over the API document, with every role's token: every answer is one that it describes."""

from collections.abc import Iterator

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from consent.model import Role
from tests.profile_api.canaries import Person, leaked
from tests.profile_api.people import NOW
from tests.profile_api.routes import ROUTES, Kind
from tests.profile_api.truth import TRUTH, visible
from tests.profile_api.world import World

EXAMPLES = 6
"""Cases per operation. What fits the document is sent by every role, what does not by one of them."""

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


def _operations(world: World) -> Iterator[APIOperation]:
    for found in schemathesis.openapi.from_asgi("/v1/openapi.json", world.app).get_all_operations():
        yield found.ok()


@pytest.mark.parametrize("mode", GenerationMode)
def test_whatever_is_sent_the_answer_is_one_that_the_document_describes(
    fresh_world: World, mode: GenerationMode
) -> None:
    tokens = {role: fresh_world.issuer.token(role, NOW, Person("ConsentGiven").profile_id) for role in Role}
    every = st.just(tuple(Role)) if mode is GenerationMode.POSITIVE else st.sampled_from(Role).map(lambda role: (role,))
    tried = set()

    for operation in _operations(fresh_world):

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode), roles=every, purpose=st.sampled_from(sorted(TRUTH)))
        def ask(case: Case, roles: tuple[Role, ...], purpose: str) -> None:
            for role in roles:
                headers = {"Authorization": f"Bearer {tokens[role]}", "Purpose": purpose}
                headers |= fresh_world.as_source() if ROUTES[case.operation.label].kind is Kind.COLLECTS else {}
                answer = case.call(headers=headers)
                case.validate_response(answer, checks=CHECKS)
                assert leaked(answer.text) <= visible(role, purpose, "ConsentGiven"), (case.operation.label, role)
                tried.add(case.operation.label)

        try:
            ask()
        except Unsatisfiable:  # an operation that takes nothing cannot be given anything wrong
            assert mode is GenerationMode.NEGATIVE and not list(operation.iter_parameters()) and not operation.body
    described = {named for named in ROUTES if named.startswith(("GET /v1", "POST /v1", "PUT /v1", "DELETE /v1"))}
    assert mode is GenerationMode.NEGATIVE or tried == described - {"GET /v1/openapi.json"}
