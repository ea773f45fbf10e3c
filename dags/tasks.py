"""The one way in which a DAG runs a job: the very command that a developer types. Settings come from `OCV_*`."""

import shlex
import sys
from pathlib import Path

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import Asset

# Two runs of a step at once would be two writers of one table.
ONE_AT_A_TIME = {"catchup": False, "max_active_runs": 1, "default_args": {"retries": 1}, "tags": ["one-customer-view"]}

NOW = "{{ dag_run.run_after.isoformat() }}"
"""The instant of the run: a retry computes for the same instant."""
OPTIONS = {
    "--sources": '"${OCV_SOURCES:?expected a folder of channel files, found none}"',
    "--contracts": '"${OCV_CONTRACTS_DIR:-examples/sample}"',
    "--received-at": NOW,
    "--now": NOW,
    "--run-at": NOW,
    "--as-of": NOW,
}


def job(module: str, name: str, options: tuple[str, ...], leaves: str) -> BashOperator:
    """A task that runs a module in a process of its own, and leaves an asset behind."""
    told = [f"{option} {OPTIONS[option]}" for option in options]
    return BashOperator(
        task_id=name,
        bash_command=" ".join([shlex.quote(sys.executable), "-m", module, *told]),
        cwd=str(Path(__file__).parents[1]),
        append_env=True,
        outlets=[Asset(leaves)],
    )
