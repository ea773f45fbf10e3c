"""Every table lies in a lake of its own."""

from tests.spark_jobs.conftest import lake

__all__ = ["lake"]
