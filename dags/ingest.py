"""Takes in the channel files that are new under `OCV_SOURCES`, every hour."""

from airflow.sdk import DAG
from assets import BRONZE, CONTRACTS, NOW, ONE_AT_A_TIME, job

with DAG("ingest", schedule="@hourly", description=__doc__, **ONE_AT_A_TIME):
    job(
        "spark_jobs.ingest",
        '--sources "${OCV_SOURCES:?expected a folder of channel files, found none}"',
        CONTRACTS,
        f"--received-at {NOW}",
        updates=BRONZE,
    )
