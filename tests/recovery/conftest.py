"""The channel files of a few lines that the jobs are tested with."""

from tests.spark_jobs.conftest import channels, contracts_folder, sources, write_crm

__all__ = ["channels", "contracts_folder", "sources", "write_crm"]
