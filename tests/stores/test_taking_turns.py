"""Who takes people out of the stores works beside nobody; jobs of the batch work beside each other."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

import pytest
from sqlalchemy import Engine

from contracts.settings import Settings
from erasure.journal import NotErasable, alone
from stores import taking_turns
from stores.taking_turns import batch_job


@pytest.fixture
def config(database_url: str) -> Settings:
    return Settings(database_url=database_url, redis_url="redis://localhost:1/0", demo=True)


@contextmanager
def waiting(work: Thread, until: Event) -> Iterator[None]:
    """Inside, the thread waits for its turn; afterwards it has had it."""
    work.start()
    time.sleep(0.3)
    assert not until.is_set()
    yield
    work.join(20)
    assert until.is_set()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(taking_turns, "ASKS_EVERY", 0.02)


def test_a_job_of_the_batch_waits_for_the_end_of_an_erasure(engine: Engine, config: Settings) -> None:
    at_work = Event()

    def batch() -> None:
        with batch_job(config):
            at_work.set()

    thread = Thread(target=batch)
    taking_out = alone(engine)
    taking_out.__enter__()
    with waiting(thread, at_work):
        taking_out.__exit__(None, None, None)


def test_an_erasure_waits_for_the_jobs_that_are_at_work_and_a_second_one_does_not_begin(
    engine: Engine, config: Settings
) -> None:
    at_work = Event()

    def erase() -> None:
        with alone(engine):
            at_work.set()

    first, second = batch_job(config), batch_job(config)
    first.__enter__()
    second.__enter__()  # a job that another one starts and waits for
    with waiting(Thread(target=erase), at_work):
        with pytest.raises(NotErasable), alone(engine):
            pass
        first.__exit__(None, None, None)
        with batch_job(config):
            pass  # gets its turn even while an erasure waits
        assert not at_work.is_set()
        second.__exit__(None, None, None)
