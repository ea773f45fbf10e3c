"""Peak memory of a process tree, sampled."""

import os
import threading
import time
from types import TracebackType

import psutil

EVERY = 0.5
"""Seconds between two samples."""


class PeakMemory:
    """Samples the memory of a process and all its children; pages that several share are divided among them (PSS)."""

    def __init__(self, pid: int | None = None) -> None:
        self._root = psutil.Process(pid or os.getpid())
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self.peak = 0

    def __enter__(self) -> "PeakMemory":
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._over.set()
        self._thread.join()

    def _sample(self) -> None:
        wait = EVERY
        while not self._over.wait(wait):
            began, total = time.monotonic(), 0
            try:
                for process in [self._root, *self._root.children(recursive=True)]:
                    total += process.memory_full_info().pss
            except psutil.NoSuchProcess:
                continue
            self.peak = max(self.peak, total)
            # To look at gigabytes takes time; a twentieth of one core's at most, or it would slow what is measured.
            wait = max(EVERY, 20 * (time.monotonic() - began))
