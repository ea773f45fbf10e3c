"""The map of the flow: what each stage leaves behind, and the one way in which a DAG runs a job.

    ingest > BRONZE > inbox > LANDED > standardise > SILVER > overrides > DECISIONS > resolve > IDENTITY
    > profiles > GOLD > features > FEATURES > materialise > ONLINE > publish > SERVED

A stage starts when the asset before it was updated. Beside the flow, retention leaves KEPT: what some purpose keeps.
Settings come from the `OCV_*` environment.
"""

import shlex
import sys
from pathlib import Path

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import Asset

BRONZE = Asset("bronze")
LANDED = Asset("landed")
SILVER = Asset("silver")
DECISIONS = Asset("decisions")
IDENTITY = Asset("identity")
GOLD = Asset("gold")
FEATURES = Asset("features")
ONLINE = Asset("online")
SERVED = Asset("served")
KEPT = Asset("kept")

# Two runs of a stage at once would be two writers of one table.
ONE_AT_A_TIME = {"catchup": False, "max_active_runs": 1, "default_args": {"retries": 1}, "tags": ["one-customer-view"]}

CONTRACTS = '--contracts "${OCV_CONTRACTS_DIR:-examples/sample}"'
NOW = "{{ dag_run.run_after.isoformat() }}"
"""The instant of the run: a retry computes for the same instant."""


def job(module: str, *arguments: str, updates: Asset) -> BashOperator:
    """A task that runs the very command that a developer types, in a process of its own."""
    command = " ".join([shlex.quote(sys.executable), "-m", module, *arguments])
    return BashOperator(
        task_id=module.rpartition(".")[2],
        bash_command=command,
        cwd=str(Path(__file__).parents[1]),
        append_env=True,
        outlets=[updates],
    )
