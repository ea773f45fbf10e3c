"""Copies the changed features to the online store."""

from airflow.sdk import DAG
from assets import FEATURES, ONE_AT_A_TIME, ONLINE, job

with DAG("materialise", schedule=[FEATURES], description=__doc__, **ONE_AT_A_TIME):
    job("feature_repo.materialise", updates=ONLINE)
