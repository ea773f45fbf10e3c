"""The process that workers are forked from: it loads the application once, so that a worker starts at once and all
share the memory that it takes. Imports nothing heavy itself."""

import multiprocessing
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import forkserver

from uvicorn import _subprocess

from contracts.settings import settings

SHARED = "PROMETHEUS_MULTIPROC_DIR"


@contextmanager
def shared_metrics() -> Iterator[None]:
    """A folder where all workers count, if metrics are served; its library looks for it when it is loaded."""
    if not settings().metrics_port:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="ocv-metrics-") as folder:
        os.environ[SHARED] = folder
        yield


def load_once() -> None:
    """Starts that process; it ends with this one. Workers get the environment that they need when they start."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["profile_api.loaded"])
    _subprocess.spawn = context  # type: ignore[assignment]  # uvicorn has no setting for how its workers start
    forkserver.ensure_running()
