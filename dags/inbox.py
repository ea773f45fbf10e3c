"""Takes in the live events that were accepted since the last run."""

from airflow.sdk import DAG
from assets import BRONZE, LANDED, NOW, ONE_AT_A_TIME, job

with DAG("inbox", schedule=[BRONZE], description=__doc__, **ONE_AT_A_TIME):
    job("spark_jobs.inbox", f"--now {NOW}", updates=LANDED)
