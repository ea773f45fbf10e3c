"""Brings into the lake what stewards decided, and what changed live, before identities are resolved."""

from airflow.sdk import DAG
from assets import DECISIONS, ONE_AT_A_TIME, SILVER, job

with DAG("overrides", schedule=[SILVER], description=__doc__, **ONE_AT_A_TIME):
    job("spark_jobs.overrides", updates=DECISIONS)
