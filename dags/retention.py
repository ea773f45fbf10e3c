"""Deletes what no purpose keeps any more, once a week; it waits for nothing and nothing waits for it."""

from airflow.sdk import DAG
from tasks import ONE_AT_A_TIME, job

with DAG("retention", schedule="0 3 * * 0", description=__doc__, **ONE_AT_A_TIME):
    job("spark_jobs.retention", "retention", ("--contracts",), "kept")
