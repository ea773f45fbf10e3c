"""Background work in its own thread for as long as a `with` block runs."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread


@contextmanager
def beside(name: str, work: Callable[[Event], None]) -> Iterator[None]:
    """Starts the work, signals its end by the event, and waits until it has ended."""
    stop = Event()
    thread = Thread(target=work, args=[stop], name=name)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
