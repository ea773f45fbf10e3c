"""Copies the changed profiles, identifiers and timelines to the operational store."""

from airflow.sdk import DAG
from assets import ONE_AT_A_TIME, ONLINE, SERVED, job

with DAG("publish", schedule=[ONLINE], description=__doc__, **ONE_AT_A_TIME):
    job("spark_jobs.publish", updates=SERVED)
