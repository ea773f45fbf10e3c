"""Runs inside an Airflow of its own: tells what the DAG folder holds, or runs one DAG with `dag.test()`.

Airflow reads its settings on import and keeps them, so the tests start this in a process with a clean environment.
"""

import json
import sys
from pathlib import Path

from airflow.dag_processing.dagbag import BundleDagBag

FOLDER = Path(__file__).parents[2] / "dags"


def described(bag: BundleDagBag) -> dict[str, object]:
    dags = {}
    for name, dag in bag.dags.items():
        condition = getattr(dag.timetable, "asset_condition", None)
        needs = [asset.name for asset in condition.objects] if condition else []
        tasks = {task.task_id: [asset.name for asset in task.outlets] for task in dag.tasks}
        dags[name] = {"needs": needs, "tasks": tasks, "commands": [task.bash_command for task in dag.tasks]}
    return {"errors": bag.import_errors, "dags": dags}


if __name__ == "__main__":
    found = BundleDagBag(FOLDER, bundle_path=FOLDER, bundle_name="dags-folder")
    if len(sys.argv) == 1:
        answer = described(found)
    else:
        run = found.dags[sys.argv[1]].test()
        answer = {"state": run.state, "tasks": {task.task_id: task.state for task in run.get_task_instances()}}
    sys.stdout.write(f"{json.dumps(answer)}\n")
