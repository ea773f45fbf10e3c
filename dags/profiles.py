"""Rebuilds the profiles and timelines of the people that changed."""

from airflow.sdk import DAG
from assets import CONTRACTS, GOLD, IDENTITY, ONE_AT_A_TIME, job

with DAG("profiles", schedule=[IDENTITY], description=__doc__, **ONE_AT_A_TIME):
    job("spark_jobs.profiles", CONTRACTS, updates=GOLD)
