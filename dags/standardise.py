"""Brings records, events and consents up to date with what came in."""

from airflow.sdk import DAG
from assets import CONTRACTS, LANDED, ONE_AT_A_TIME, SILVER, job

with DAG("standardise", schedule=[LANDED], description=__doc__, **ONE_AT_A_TIME):
    job("spark_jobs.standardise", CONTRACTS, updates=SILVER)
