"""The channel files of a few lines that people are erased from."""

from tests.spark_jobs.conftest import channels, contracts_folder, lake, sources, write_crm

__all__ = ["channels", "contracts_folder", "lake", "sources", "write_crm"]
