"""Finds which records are one person."""

from airflow.sdk import DAG
from assets import DECISIONS, IDENTITY, NOW, ONE_AT_A_TIME, job

with DAG("resolve", schedule=[DECISIONS], description=__doc__, **ONE_AT_A_TIME):
    job("spark_jobs.resolve", f"--run-at {NOW}", updates=IDENTITY)
