"""The rules of the architecture: who may import whom, and what no file may be or hold."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from consent.erasure.answers import lake, postgres
from spark_jobs.erasing.lake_tables import known_tables
from stores.schema import metadata

ROOT = Path(__file__).parents[1]
PACKAGES = [
    "contracts",
    "spark_jobs",
    "feature_repo",
    "consent",
    "profile_api",
    "stores",
    "recovery",
    "benchmarks",
    "dags",
    "scripts",
]
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
CODE = MODULES + sorted((ROOT / "tests").rglob("*.py"))
NOT_OURS = {".git", ".venv", ".local", ".hypothesis", ".mypy_cache", ".pytest_cache", ".ruff_cache", "__pycache__"}

NO_IO = {
    "__future__", "collections", "dataclasses", "datetime", "enum", "functools", "itertools", "math", "operator",
    "types", "typing", "calendar", "cedarpy", "consent", "contracts", "re", "isodate",
}  # fmt: skip


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def imported(nodes: Iterator[ast.AST] | list[ast.stmt], package: str = "") -> set[str]:
    """Every module that these statements import; `from a import b` imports `a` and maybe the module `a.b`."""
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            found |= {base} | {f"{base}.{alias.name}" for alias in node.names}
    return found


def imports(path: Path) -> set[str]:
    """Everything that a module imports, anywhere in it."""
    package = module_name(path) if path.name == "__init__.py" else module_name(path).rpartition(".")[0]
    return imported(ast.walk(tree(path)), package)


def packages(names: set[str]) -> set[str]:
    return {name.partition(".")[0] for name in names}


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


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
    importers = {named(path) for path in CODE if "profile_api.store" in imports(path)}
    assert importers == {"profile_api/gate.py"}


@pytest.mark.parametrize("path", sorted((ROOT / "dags").glob("*.py")), ids=named)
def test_no_dag_imports_spark_when_it_is_parsed(path: Path) -> None:
    top = packages(imported(tree(path).body))
    assert top & {"pyspark", "delta", "spark_jobs", "feature_repo", "stores", "profile_api"} == set()
    if path.name != "assets.py":  # the map of the flow, and no DAG
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 40


def builds_a_session(path: Path) -> bool:
    """Whether the module itself calls the builder; a text for a process of its own (jars.py, at set-up) is no call."""
    nodes = [node for node in ast.walk(tree(path)) if isinstance(node, ast.Attribute)]
    builder = any(node.attr == "builder" and "Session" in ast.unparse(node.value) for node in nodes)
    return builder or any(node.attr == "getOrCreate" for node in nodes)


def test_only_session_builds_a_spark_session() -> None:
    assert {named(path) for path in CODE if builds_a_session(path)} == {"spark_jobs/session.py"}


def test_only_session_and_the_set_up_of_jars_name_the_builder_at_all() -> None:
    naming = {named(path) for path in MODULES if re.search(r"\bgetOrCreate\b", path.read_text(encoding="utf-8"))}
    assert naming == {"spark_jobs/session.py", "spark_jobs/jars.py"}


def test_no_job_reads_the_clock_in_its_logic() -> None:
    """Only `main` and the pipeline's choice of `--as-of` may: everything below takes the instant as an argument."""
    for path in sorted((ROOT / "spark_jobs").rglob("*.py")):
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
    for path in [
        one for one in MODULES if one.parts[len(ROOT.parts)] in ("contracts", "spark_jobs", "feature_repo", "stores")
    ]:
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
        assert table.name in postgres.ANSWERS, (
            f"{table.name}: say in consent/erasure/answers/postgres.py what becomes of it"
        )
        unanswered = {column.name for column in table.columns} ^ postgres.ANSWERS[table.name].columns
        assert not unanswered, f"{table.name}: {sorted(unanswered)} in consent/erasure/answers/postgres.py"


def test_erasure_answers_for_every_table_and_column_of_the_lake() -> None:
    known = known_tables()
    assert known.keys() == lake.ANSWERS.keys()
    for name, table in known.items():
        answer = lake.answer_of(name)
        unanswered = top_columns(table.schema) ^ (answer.columns if answer else set())
        assert not unanswered, f"{name}: {sorted(unanswered)} in consent/erasure/answers/lake.py"


def test_no_table_of_the_lake_is_defined_where_erasure_does_not_look() -> None:
    makers = {
        named(path)
        for package in ("spark_jobs", "feature_repo")
        for path in (ROOT / package).rglob("*.py")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Table"
    }
    looked_at = {"spark_jobs/tables.py", "spark_jobs/features.py", "spark_jobs/resolve/recent.py"}
    assert makers <= looked_at | {"spark_jobs/erasing/lake_tables.py"}, "see known_tables() there"


def top_columns(ddl: str) -> set[str]:
    """The columns of a DDL schema, without what is inside them."""
    while (flat := re.sub(r"<[^<>]*>", "", ddl)) != ddl:
        ddl = flat
    return {column.split()[0] for column in ddl.split(",")}
