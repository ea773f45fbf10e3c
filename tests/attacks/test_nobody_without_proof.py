"""Who says so? Nobody ever reads, joins or decides for somebody whose proof they lack; who is erased is gone."""

from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from contracts.settings import Settings
from stores.embedded import Stores
from tests.attacks.crowd import Crowd


def test_nobody_reads_joins_or_decides_for_somebody_whose_proof_they_lack(
    stores: Stores, api_settings: Settings
) -> None:
    run_state_machine_as_test(
        lambda: Crowd(stores, api_settings),
        settings=settings(
            max_examples=8,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
