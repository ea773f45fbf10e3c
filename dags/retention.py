"""Deletes what no purpose keeps any more, once a week; it waits for nothing and nothing waits for it."""

from airflow.sdk import DAG
from assets import CONTRACTS, KEPT, ONE_AT_A_TIME, job

with DAG("retention", schedule="0 3 * * 0", description=__doc__, **ONE_AT_A_TIME):
    job("consent.retaining.run", CONTRACTS, updates=KEPT)
