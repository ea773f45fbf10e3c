"""What several folders of tests share: the embedded stores, and a database of its own for every test."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import pytest
from hypothesis import settings
from pyspark.sql import SparkSession
from sqlalchemy import Engine, create_engine, make_url, text

from contracts.settings import Settings
from lake import session
from stores.embedded import Stores, open_stores
from stores.postgres import migrate, open_engine

os.environ["OCV_INSTALLATION_KEY"] = "the installation of all tests"
settings.register_profile("without a clock", deadline=None)  # how long an example takes says nothing of what is right
settings.load_profile("without a clock")
_numbers = count()


@pytest.fixture(scope="session")
def spark() -> Iterator[SparkSession]:
    """The one Spark session of all tests, kept small."""
    # The session remembers every table of every test: in half of this it only collects garbage towards the end.
    small = Settings(spark_master="local[2]", spark_memory="2g")
    # It lives as long as all tests: a JVM that compiles thoroughly is faster then, unlike a job's.
    conf = session.spark_conf(small)
    conf["spark.driver.extraJavaOptions"] = conf["spark.driver.extraJavaOptions"].replace("-XX:TieredStopAtLevel=1", "")
    with patch.object(session, "spark_conf", lambda _: conf):
        running = session.spark_session(small)
    running.conf.set("spark.sql.shuffle.partitions", "2")
    # Of a few rows, compiling a query takes longer than interpreting it.
    running.conf.set("spark.sql.codegen.wholeStage", "false")
    running.conf.set("spark.sql.codegen.factoryMode", "NO_CODEGEN")
    yield running
    running.stop()


@pytest.fixture
def store_folder() -> Iterator[Path]:
    """A folder for embedded stores.

    Not pytest's own: run as root, PostgreSQL has a user of its own, whom every start of pytest shuts out there again.
    """
    with TemporaryDirectory(prefix="ocv-") as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def stores() -> Iterator[Stores]:
    """The embedded PostgreSQL, with the migrated template `template_ocv`, and Valkey."""
    with (
        TemporaryDirectory(prefix="ocv-") as folder,
        open_stores(Settings(local=Path(folder), database_url=None, redis_url=None)) as opened,
    ):
        # These databases need not survive the machine, and a flush for each of hundreds takes most of the time.
        _administer(opened, "alter system set fsync = off", "select pg_reload_conf()")
        _administer(opened, "create database template_ocv")
        template = open_engine(_url(opened, "template_ocv"))
        migrate(template)
        template.dispose()
        yield opened


@contextmanager
def new_database(stores: Stores) -> Iterator[str]:
    """A migrated, empty database, for as long as this lasts."""
    name = f"test_{next(_numbers)}"
    _administer(stores, f"create database {name} template template_ocv")
    yield _url(stores, name)
    _administer(stores, f"drop database {name} with (force)")


@pytest.fixture
def database_url(stores: Stores) -> Iterator[str]:
    """A database that belongs to this test alone."""
    with new_database(stores) as url:
        yield url


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    opened = open_engine(database_url)
    yield opened
    opened.dispose()


def _url(stores: Stores, database: str) -> str:
    return make_url(stores.database_url).set(database=database).render_as_string(hide_password=False)


def _administer(stores: Stores, *statements: str) -> None:
    administration = create_engine(stores.database_url, isolation_level="AUTOCOMMIT")
    with administration.connect() as connection:
        for statement in statements:
            connection.execute(text(statement))
    administration.dispose()
