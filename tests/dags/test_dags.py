import json
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession
from sqlalchemy import create_engine, make_url, text

from contracts.settings import settings
from lake.tables import BRONZE, read
from spark_jobs.flow import FLOW
from stores.embedded import Stores

ROOT = Path(__file__).parents[2]
CONTRACT = """\
channel: shop
files: "*.csv"
format: csv
holds: [person]
columns:
  id: {is: key}
  mail: {is: email}
"""


def airflow_environment(home: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "OCV"))}
    return kept | {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }


def run(command: list[str], environment: dict[str, str]) -> str:
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def airflow_run(environment: dict[str, str], *dag: str) -> Any:
    said = run([sys.executable, str(Path(__file__).with_name("airflow_run.py")), *dag], environment)
    return json.loads(said.strip().splitlines()[-1])


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return airflow_run(airflow_environment(tmp_path_factory.mktemp("airflow")))


def test_every_dag_loads(described: Any) -> None:
    assert described["errors"] == {}


def test_the_dags_are_the_steps_of_the_flow_in_the_order_of_the_pipeline(described: Any) -> None:
    left_by = {asset: name for name, dag in described["dags"].items() for asset in dag["tasks"][name]}
    assert len(left_by) == len(described["dags"])
    after = {name: {left_by[asset] for asset in dag["needs"]} for name, dag in described["dags"].items()}
    assert after.pop("retention") == set(), "beside the flow"
    assert after == {step.name: set(step.after) for step in FLOW}


def test_every_option_of_a_step_is_one_of_its_command(described: Any) -> None:
    for step in FLOW:
        (command,) = described["dags"][step.name]["commands"]
        assert [word for word in command.split() if word.startswith("--")] == list(step.options)
        module = import_module(f"{step.module}.__main__" if step.name == "resolve" else step.module)
        source = Path(str(module.__file__)).read_text(encoding="utf-8")
        assert all(f'"{option}"' in source for option in step.options), step.name


def test_every_task_is_a_command_that_a_developer_types(described: Any) -> None:
    for dag in described["dags"].values():
        (command,) = dag["commands"]
        module = command.split(" -m ")[1].split()[0].replace(".", "/")
        assert (ROOT / f"{module}.py").exists() or (ROOT / module / "__main__.py").exists()


@pytest.mark.parametrize("dag", sorted((ROOT / "dags").glob("*.py")), ids=lambda dag: str(dag.stem))
def test_a_dag_is_no_longer_than_forty_lines(dag: Path) -> None:
    assert len(dag.read_text(encoding="utf-8").splitlines()) <= 40


def test_the_ingest_dag_fills_bronze_on_a_real_metadata_database(
    stores: Stores, spark: SparkSession, tmp_path: Path
) -> None:
    sources, contracts, lake = tmp_path / "sources", tmp_path / "contracts", tmp_path / "lake"
    sources.mkdir()
    contracts.mkdir()
    (sources / "shop.csv").write_text("id,mail\n1,ann@shop.example\n2,bob@shop.example\n,nobody@shop.example\n")
    (contracts / "shop.yml").write_text(CONTRACT)
    metadata = _metadata_database(stores)
    environment = airflow_environment(tmp_path) | {
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": metadata,
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC": metadata,  # else Airflow asks for asyncpg
        "OCV_SOURCES": str(sources),
        "OCV_CONTRACTS_DIR": str(contracts),
        "OCV_LAKE": str(lake),
        "OCV_LOCAL": str(settings().local.resolve()),
    }
    run([sys.executable, "-m", "airflow", "db", "migrate"], environment)
    assert airflow_run(environment, "ingest") == {"state": "success", "tasks": {"ingest": "success"}}
    accepted = read(spark, str(lake), BRONZE["person"])
    assert sorted(row.source_key for row in accepted.select("source_key").collect()) == ["1", "2"]


def _metadata_database(stores: Stores) -> str:
    administration = create_engine(stores.database_url, isolation_level="AUTOCOMMIT")
    with administration.connect() as connection:
        connection.execute(text("create database airflow"))
    administration.dispose()
    return make_url(stores.database_url).set(database="airflow").render_as_string(hide_password=False)
