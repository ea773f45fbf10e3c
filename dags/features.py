"""Computes the features of every profile as of the run."""

from airflow.sdk import DAG
from assets import FEATURES, GOLD, NOW, ONE_AT_A_TIME, job

with DAG("features", schedule=[GOLD], description=__doc__, **ONE_AT_A_TIME):
    job("spark_jobs.features", f"--as-of {NOW}", updates=FEATURES)
