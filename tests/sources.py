"""The project's own modules as the tests of its architecture read them: where they lie, and what they import."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = [
    "contracts",
    "stores",
    "identity",
    "engagement",
    "lake",
    "channel_files",
    "consent",
    "feature_repo",
    "read_model",
    "erasure",
    "spark_jobs",
    "profile_api",
    "recovery",
    "benchmarks",
    "dags",
    "scripts",
]
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
CODE = MODULES + sorted((ROOT / "tests").rglob("*.py"))


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


def taken(path: Path) -> dict[str, str]:
    """The names that a module's imports give it, each with what it is; star imports are no names."""
    nodes = list(ast.walk(tree(path)))
    whole = {
        alias.asname or alias.name: alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names
    }
    parts = [(node.module, alias) for node in nodes if isinstance(node, ast.ImportFrom) for alias in node.names]
    return whole | {alias.asname or alias.name: f"{module}.{alias.name}" for module, alias in parts}
