"""Finds which records are one person."""

from airflow.sdk import DAG
from assets import IDENTITY, NOW, ONE_AT_A_TIME, SILVER, job

with DAG("resolve", schedule=[SILVER], description=__doc__, **ONE_AT_A_TIME):
    job("spark_jobs.resolve", f"--run-at {NOW}", updates=IDENTITY)
