"""The rules of the architecture: who may import whom, and what no file may be or hold."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest
from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

from erasure.answers import lake, postgres
from erasure.lake.lake_tables import known_tables
from stores.schema import metadata
from tests.sources import CODE, MODULES, PACKAGES, ROOT, imports, module_name, named, packages, taken, tree

NO_CHANNEL = ("contracts", "stores", "identity", "lake", "channel_files", "feature_repo", "read_model", "spark_jobs")
NOT_OURS = {".git", ".venv", ".local", ".hypothesis", ".mypy_cache", ".pytest_cache", ".ruff_cache", "__pycache__"}
API = [path for path in MODULES if path.is_relative_to(ROOT / "profile_api")]
OPENS_CONNECTIONS = {
    "profile_api/access/gate.py": "gives the engine to its store",
    "profile_api/access/store.py": "is the gate's hands",
    "profile_api/app.py": "opens the engine at start-up, for the gate and the inbox of live events",
    "profile_api/serving.py": "looks at start-up whether the key of the audit is the one of the tables",
    "profile_api/workers.py": "asks PostgreSQL at start-up how many connections there may be",
    "profile_api/http/service_stores.py": "migrates at start-up, and looks whose the tables are",
    "profile_api/http/telemetry.py": "counts overdue requests and alerts: two numbers about nobody",
    "profile_api/http/demo_tokens.py": "prints an invitation to the demonstration, for somebody who can be found there",
    "profile_api/handoffs/lapsing.py": "ends overdue hand-offs by the table of states; tells nobody anything",
    "profile_api/webhooks/worker.py": "leases deliveries; what each of them says is decided by the gate",
}
"""Where profile_api holds an engine, beside the queries, and why; nothing of these but the gate answers a request."""
ELSEWHERE = {
    ("profile_api/workers.py", "profile_api.http.queries"): "starts the workers: asks how many connections there are",
    (
        "benchmarks/callers/__main__.py",
        "profile_api.callers.queries",
    ): "measures the ranking without the answer around it",
}
"""Who imports another's queries, and why."""

NO_IO = {
    "__future__", "collections", "dataclasses", "datetime", "enum", "functools", "itertools", "math", "operator",
    "types", "typing", "calendar", "cedarpy", "consent", "contracts", "re", "isodate",
}  # fmt: skip


def own_files() -> Iterator[Path]:
    """Every file of the project, as it would be committed."""
    for path in ROOT.rglob("*"):
        if path.is_file() and not NOT_OURS & set(path.relative_to(ROOT).parts):
            yield path


@pytest.mark.parametrize("path", sorted((ROOT / "contracts").rglob("*.py")), ids=named)
def test_contracts_imports_no_other_package_and_no_spark_web_or_database(path: Path) -> None:
    others = set(PACKAGES) - {"contracts"}
    heavy = {
        "pyspark", "delta", "pandas", "pyarrow", "splink", "feast", "airflow", "fastapi", "starlette", "uvicorn",
        "httpx", "requests", "sqlalchemy", "psycopg", "alembic", "redis", "sqlite3", "duckdb", "socket", "urllib",
    }  # fmt: skip
    assert packages(imports(path)) & (others | heavy) == set()


def test_arrows_go_down_and_no_folders_import_each_other() -> None:
    """The contracts are in pyproject.toml; `make lint` prints what breaks one."""
    assert lint_imports(no_cache=True) == EXIT_STATUS_SUCCESS


def test_no_folders_import_each_other_in_a_circle_at_any_depth() -> None:
    """The import linter sees siblings alone; a folder and its own subfolders can be a circle too."""
    folder_of = {module_name(path): path.parent for path in MODULES}
    graph: dict[Path, set[Path]] = {}
    for path in MODULES:
        # `from a import b` names a module b of a, or something in a.
        found = imports(path)
        modules = {
            name
            for name in found & folder_of.keys()
            if not any(one.startswith(f"{name}.") for one in found & folder_of.keys())
        }
        graph.setdefault(path.parent, set()).update({folder_of[name] for name in modules} - {path.parent})
    TopologicalSorter(graph).prepare()


def test_importing_the_api_loads_no_spark_no_engine_of_the_batch_and_no_data_frames() -> None:
    heavy = ["pyspark", "delta", "deltalake", "duckdb", "splink", "scipy", "pandas"]
    code = f"import sys, profile_api.app; print(*({heavy!r} & sys.modules.keys()))".replace("[", "{").replace("]", "}")
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout.split() == []


def test_decide_imports_no_io_neither_itself_nor_through_what_it_imports() -> None:
    waiting, seen = {"consent.decide"}, set()
    while waiting:
        name = waiting.pop()
        seen.add(name)
        path = ROOT / f"{name.replace('.', '/')}.py"
        found = imports(path)
        assert packages(found) <= NO_IO, f"{name} imports {sorted(packages(found) - NO_IO)}"
        calls = {
            node.func.id
            for node in ast.walk(tree(path))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
        assert not calls & {"open", "print", "input"}, name
        own = {one for one in found if one.startswith("consent.") and (ROOT / f"{one.replace('.', '/')}.py").is_file()}
        waiting |= own - seen


def test_decide_does_not_read_the_clock() -> None:
    called = {node.attr for node in ast.walk(tree(ROOT / "consent/decide.py")) if isinstance(node, ast.Attribute)}
    assert not called & {"now", "utcnow", "today"}


def test_only_the_gate_imports_the_store() -> None:
    importers = {named(path) for path in CODE if "profile_api.access.store" in imports(path)}
    assert importers == {"profile_api/access/gate.py"}


def holds_queries(path: Path) -> bool:
    return "queries" in path.relative_to(ROOT).with_suffix("").parts


READERS = [path for path in API if not holds_queries(path)]


@pytest.mark.parametrize("path", READERS, ids=named)
def test_only_queries_and_the_store_of_the_gate_know_tables_and_hold_connections(path: Path) -> None:
    found = {name for name in taken(path).values() if name.startswith(("sqlalchemy", "psycopg", "stores.schema"))}
    found -= {"sqlalchemy.exc.SQLAlchemyError", "psycopg.Error"}
    allowed = {"sqlalchemy.Engine"} if named(path) in OPENS_CONNECTIONS else set()
    text = path.read_text(encoding="utf-8")
    if named(path) != "profile_api/access/store.py":
        assert found <= allowed, "SQL belongs in the `queries` of the resource; a reader says reading.run(query, ...)"
        assert not re.search(r"\w\._?connection\b|[\"']_connection[\"']|gate\._", text), (
            "reading.run(query, ...) asks for you"
        )
    if named(path) not in OPENS_CONNECTIONS:
        assert not {"stores.postgres.open_engine", "stores.postgres.driver_of"} & set(taken(path).values())
        assert not re.search(r"\.(connect|begin|raw_connection)\(\)", text)


@pytest.mark.parametrize("path", API, ids=named)
def test_what_a_reader_has_run_is_a_query_with_a_name_elsewhere(path: Path) -> None:
    """A lambda, or a function of the reader's own, would be handed the connection."""
    below = {"consent", "read_model", "erasure"}
    for call in [node for node in ast.walk(tree(path)) if isinstance(node, ast.Call)]:
        if isinstance(call.func, ast.Attribute) and call.func.attr == "run" and call.args:
            first, _, rest = ast.unparse(call.args[0]).partition(".")
            source = f"{taken(path).get(first, first)}.{rest}"
            assert ".queries." in source or source.partition(".")[0] in below, f"{named(path)}:{call.lineno}: {source}"
    called = len(re.findall(r"reading\.run\(", ast.unparse(tree(path))))
    assert called == len(re.findall(r"reading\.run\b", ast.unparse(tree(path)))), "call it where it is named"


@pytest.mark.parametrize("path", [one for one in API if holds_queries(one)], ids=named)
def test_no_query_hands_out_its_connection(path: Path) -> None:
    functions = [node for node in ast.walk(tree(path)) if isinstance(node, ast.FunctionDef)]
    assert not [one.name for one in functions if one.returns is None or "Connection" in ast.unparse(one.returns)]


def test_queries_are_imported_by_their_resource_alone() -> None:
    found = set()
    for path in MODULES:
        for name in imports(path):
            resource, queries, _ = name.partition(".queries")
            if queries and name.startswith("profile_api.") and not module_name(path).startswith(f"{resource}."):
                found.add((named(path), f"{resource}.queries"))
    assert found == ELSEWHERE.keys()


@pytest.mark.parametrize("path", sorted((ROOT / "dags").glob("*.py")), ids=named)
def test_a_dag_imports_nothing_of_the_project_but_the_order_of_the_flow(path: Path) -> None:
    found = {name for name in imports(path) if name.partition(".")[0] in {"pyspark", "delta", *PACKAGES}}
    assert found <= {"spark_jobs.flow", "spark_jobs.flow.FLOW"}
    assert packages(imports(ROOT / "spark_jobs/flow.py")) <= NO_IO


def builds_a_session(path: Path) -> bool:
    """Whether the module itself calls the builder; a text for a process of its own (jars.py, at set-up) is no call."""
    nodes = [node for node in ast.walk(tree(path)) if isinstance(node, ast.Attribute)]
    builder = any(node.attr == "builder" and "Session" in ast.unparse(node.value) for node in nodes)
    return builder or any(node.attr == "getOrCreate" for node in nodes)


def test_only_session_builds_a_spark_session() -> None:
    assert {named(path) for path in CODE if builds_a_session(path)} == {"lake/session.py"}


def test_only_session_and_the_set_up_of_jars_name_the_builder_at_all() -> None:
    naming = {named(path) for path in MODULES if re.search(r"\bgetOrCreate\b", path.read_text(encoding="utf-8"))}
    assert naming == {"lake/session.py", "lake/jars.py"}


def test_no_job_reads_the_clock_in_its_logic() -> None:
    """Only `main` and the pipeline's choice of `--as-of` may: everything below takes the instant as an argument."""
    folders = ("identity", "lake", "channel_files", "spark_jobs", "erasure/lake")
    for path in [one for folder in folders for one in sorted((ROOT / folder).rglob("*.py"))]:
        for function in [node for node in ast.walk(tree(path)) if isinstance(node, ast.FunctionDef)]:
            calls = {ast.unparse(node.func) for node in ast.walk(function) if isinstance(node, ast.Call)}
            if function.name != "main" and path.name != "pipeline.py":
                assert not calls & {"datetime.now", "datetime.utcnow", "date.today"}, f"{named(path)}:{function.lineno}"


@pytest.mark.parametrize("path", CODE, ids=named)
def test_modules_are_small_and_named_by_what_they_mean(path: Path) -> None:
    assert path.name not in ("utils.py", "util.py", "helpers.py", "misc.py", "common.py")
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= 300, f"expected at most 300 lines, found {lines}; split it by meaning"


def test_contracts_and_jobs_know_no_channel_by_name() -> None:
    # The five taken out are words of the field as well.
    channels = {path.stem for path in (ROOT / "examples").glob("*/*.yml")} - {
        "people",
        "web",
        "chat",
        "orders",
        "consents",
    }
    for path in [one for one in MODULES if one.parts[len(ROOT.parts)] in NO_CHANNEL]:
        words = {
            node.value
            for node in ast.walk(tree(path))
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        }
        assert not words & channels, named(path)


def test_no_file_names_a_registry_or_is_a_lock_file() -> None:
    hosts = ["pypi" + ".org", "python" + "hosted.org", "npm" + "js.org", "npm" + "js.com", "maven" + ".org"]
    hosts += ["conda" + ".anaconda", "cr" + "ates.io", "docker" + ".io", "unpkg" + ".com", "jsdel" + "ivr.net"]
    options = ["index" + "-url", "PIP" + "_INDEX", "UV" + "_INDEX", "find" + "-links", "trusted" + "-host"]
    forbidden = re.compile("|".join(map(re.escape, hosts + options)), re.IGNORECASE)
    locks = {"uv.lock", "poetry.lock", "pdm.lock", "pylock.toml", "Pipfile.lock", "package-lock.json", "yarn.lock"}
    for path in own_files():
        assert path.name not in locks, named(path)
        found = forbidden.search(path.read_bytes().decode("utf-8", errors="replace"))
        assert found is None, f"{named(path)}: {found and found.group()}"


def test_constraints_are_names_and_exact_versions_alone() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
    assert pins
    for line in pins:
        assert re.fullmatch(r"[A-Za-z0-9._-]+(\[[a-z0-9,_-]+\])?==[^\s@/]+( ?;.*)?", line.strip()), line


def test_erasure_answers_for_every_table_and_column_of_postgresql() -> None:
    for table in metadata.sorted_tables:
        assert table.name in postgres.ANSWERS, f"{table.name}: say in erasure/answers/postgres.py what becomes of it"
        unanswered = {column.name for column in table.columns} ^ postgres.ANSWERS[table.name].columns
        assert not unanswered, f"{table.name}: {sorted(unanswered)} in erasure/answers/postgres.py"


def test_erasure_answers_for_every_table_and_column_of_the_lake() -> None:
    known = known_tables()
    assert known.keys() == lake.ANSWERS.keys()
    for name, table in known.items():
        answer = lake.answer_of(name)
        unanswered = top_columns(table.schema) ^ (answer.columns if answer else set())
        assert not unanswered, f"{name}: {sorted(unanswered)} in erasure/answers/lake.py"


def test_no_table_of_the_lake_is_defined_where_erasure_does_not_look() -> None:
    makers = {
        named(path)
        for package in ("lake", "feature_repo", "erasure", "spark_jobs", "channel_files")
        for path in (ROOT / package).rglob("*.py")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Table"
    }
    looked_at = {"lake/tables.py", "feature_repo/batch.py", "lake/overlay.py"}
    assert makers <= looked_at | {"erasure/lake/lake_tables.py"}, "see known_tables() there"


def top_columns(ddl: str) -> set[str]:
    """The columns of a DDL schema, without what is inside them."""
    while (flat := re.sub(r"<[^<>]*>", "", ddl)) != ddl:
        ddl = flat
    return {column.split()[0] for column in ddl.split(",")}
