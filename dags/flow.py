"""The batch flow as DAGs, one for each step of `spark_jobs.flow`: it starts when what it waits for was updated."""

from airflow.sdk import DAG, Asset
from tasks import ONE_AT_A_TIME, job

from spark_jobs.flow import FLOW

LEAVES = {step.name: Asset(step.leaves) for step in FLOW}

for step in FLOW:
    starts = [LEAVES[name] for name in step.after] or "@hourly"
    with DAG(step.name, schedule=starts, description=step.does, **ONE_AT_A_TIME):
        job(step.module, step.name, step.options, step.leaves)
