"""The README and docs/ say what is true of the code: commands, links, settings, roles, routes, errors, purposes."""

import ast
import re
import shlex
import subprocess
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import get_args
from urllib.parse import unquote

import pytest
from fastapi import APIRouter
from fastapi.routing import APIRoute

from consent.purposes import published_purposes
from contracts.channel import Channel
from contracts.columns import Column
from contracts.identifiers import kind_of
from contracts.loading import load_channel
from contracts.roles import CATEGORY_OF, NAMED, REPEATABLE, Role
from contracts.settings import Settings
from feature_repo.batch import FEATURES
from identity.survivorship import Rule
from lake import tables
from profile_api.access.gate import REFUSALS
from stores.schema import metadata

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
ASSIGNED = re.compile(r"[A-Z][A-Z_]*=")


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def blocks(page: Path, language: str) -> list[str]:
    """The fenced blocks of a page in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def prose(page: Path) -> str:
    return re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


def commands(page: Path) -> list[list[str]]:
    """Every command of a page, from its shell blocks and its inline code, as words."""
    lines = [line for block in blocks(page, "bash") for line in block.replace("\\\n", " ").splitlines()]
    lines += re.findall(r"`([^`\n]+)`", prose(page))
    found = []
    for line in lines:
        words = line.replace("[", " ").replace("]", " ").split()
        while words and ASSIGNED.match(words[0]):
            words = words[1:]
        found.append(words)
    return [words for words in found if words]


def called(program: str) -> list[tuple[Path, list[str]]]:
    """What follows each call of a program, with the page that shows it."""
    return [(page, words[1:]) for page in PAGES for words in commands(page) if Path(words[0]).name == program]


def modules() -> dict[str, set[str]]:
    """Each module that a page runs, with the options that the pages give it."""
    found: dict[str, set[str]] = {}
    for _, words in called("python"):
        if words[0] == "-m":
            found.setdefault(words[1], set()).update(word for word in words[2:] if word.startswith("--"))
    return found


def table(page: str, heading: str) -> dict[str, list[str]]:
    """The rows of the table under this heading line, by the code in their first cell."""
    text = (ROOT / page).read_text(encoding="utf-8")
    assert heading in text, f"{page}: expected the table `{heading}`, found none"
    rows = text.partition(heading)[2].lstrip("\n").partition("\n\n")[0].splitlines()[1:]
    cells = [[cell.strip() for cell in row.strip("| ").split("|")] for row in rows]
    return {row[0].strip("`"): row[1:] for row in cells}


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as code hosts make them."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def routers() -> list[APIRouter]:
    """The router of every resource."""
    paths = [*(ROOT / "profile_api").rglob("*routes.py"), ROOT / "profile_api/http/health.py"]
    names = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in sorted(paths)]
    return [import_module(name).router for name in names]


def test_every_make_command_is_a_target_with_known_variables() -> None:
    shown = called("make")
    assert shown
    targets = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))
    for page, words in shown:
        names = [word for word in words if "=" not in word]
        assert len(names) <= 1 and set(names) <= targets, f"{named(page)}: make {' '.join(words)}"
        for variable in [word.partition("=")[0] for word in words if "=" in word]:
            assert f"$({variable})" in MAKEFILE, f"{named(page)}: make {' '.join(words)}: {variable}"


def test_the_readme_names_every_target() -> None:
    documented = {word for page, words in called("make") if page.name == "README.md" for word in words}
    targets = set(re.findall(r"^([a-z]+):.*## ", MAKEFILE, re.MULTILINE))
    assert targets - {"help"} <= documented


@pytest.mark.parametrize(("module", "options"), sorted(modules().items()), ids=sorted(modules()))
def test_every_module_that_is_run_exists_and_takes_the_options_shown(module: str, options: set[str]) -> None:
    spec = find_spec(module)
    if spec is not None and spec.submodule_search_locations is not None:
        spec = find_spec(f"{module}.__main__")
    assert spec is not None and spec.origin is not None, f"python -m {module}"
    tree = ast.parse(Path(spec.origin).read_text(encoding="utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    added = [call for call in calls if isinstance(call.func, ast.Attribute) and call.func.attr == "add_argument"]
    assert options <= {arg.value for call in added for arg in call.args if isinstance(arg, ast.Constant)}


@pytest.mark.parametrize("module", ["benchmarks.generate", "spark_jobs.ingest"])
def test_commands_tell_their_options(module: str) -> None:
    done = subprocess.run([sys.executable, "-m", module, "--help"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert all(option in done.stdout for option in modules()[module])


@pytest.mark.parametrize("document", PAGES, ids=named)
def test_shell_and_python_blocks_can_be_parsed(document: Path) -> None:
    for block in blocks(document, "bash"):
        for heredoc in re.findall(r"<<'END'\n(.*?)^END$", block, re.MULTILINE | re.DOTALL):
            ast.parse(heredoc)
        shlex.split(re.sub(r"<<'END'\n.*?^END$", "", block, flags=re.MULTILINE | re.DOTALL))


@pytest.mark.parametrize("document", PAGES, ids=named)
def test_every_relative_link_leads_somewhere(document: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", prose(document)):
        if "://" in link:
            continue
        path, _, anchor = unquote(link).partition("#")
        target = (document.parent / path).resolve() if path else document
        assert target.exists() and target.is_relative_to(ROOT), f"{named(document)}: {link}"
        assert not anchor or anchor in anchors(target), f"{named(document)}: {link}"


def test_every_page_can_be_reached_from_the_readme() -> None:
    waiting, seen = [ROOT / "README.md"], set[Path]()
    while waiting:
        page = waiting.pop()
        seen.add(page)
        links = [link.partition("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", prose(page)) if "://" not in link]
        for target in [(page.parent / link).resolve() for link in links if link]:
            found = sorted(target.rglob("*.md")) if target.is_dir() and "docs" in target.parts else [target]
            waiting += [one for one in found if one.suffix == ".md" and one not in seen]
    assert set(PAGES) <= seen


def test_the_settings_of_the_readme_are_those_of_the_code() -> None:
    documented = table("README.md", "| variable | default | meaning |")
    assert set(documented) == {f"OCV_{name.upper()}" for name in Settings.model_fields}
    for name, field in Settings.model_fields.items():
        default = f"`{field.default}`" if field.default else "–"
        assert documented[f"OCV_{name.upper()}"][0] == default


def test_settings_named_anywhere_exist() -> None:
    known = {f"OCV_{name.upper()}" for name in Settings.model_fields} | {"OCV_SOURCES"}  # read by the ingest DAG alone
    for page in PAGES:
        assert set(re.findall(r"\bOCV_[A-Z_]*[A-Z]", page.read_text(encoding="utf-8"))) <= known, named(page)


def test_the_report_of_the_readme_is_that_of_the_pipeline() -> None:
    tree = ast.parse((ROOT / "spark_jobs/pipeline.py").read_text(encoding="utf-8"))
    run = next(node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "run")
    returned = next(node.value for node in ast.walk(run) if isinstance(node, ast.Return))
    assert isinstance(returned, ast.Dict)
    keys = {key.value for key in returned.keys if isinstance(key, ast.Constant)}
    assert set(table("README.md", "| key | what it holds |")) == keys | {"records", "profiles"}


def test_the_table_of_roles_is_complete_and_names_their_categories() -> None:
    documented = table("docs/channel-contracts.md", "| role | for | meaning | category |")
    assert set(documented) == set(get_args(Role))
    for role, (_, _, category) in documented.items():
        if role in CATEGORY_OF or role in ("email", "phone", "device_id"):
            expected = CATEGORY_OF[role] if role in CATEGORY_OF else kind_of(role).category
            assert category == expected.value, role
        elif role in NAMED:
            assert category == "stated", role


def test_the_roles_that_may_repeat_are_named() -> None:
    text = " ".join((ROOT / "docs/channel-contracts.md").read_text(encoding="utf-8").split())
    sentence = text.partition("Each role occurs at most once, except for ")[2].partition(".")[0]
    assert set(re.findall(r"`(\w+)`", sentence)) == REPEATABLE


@pytest.mark.parametrize(
    ("model", "heading"),
    [(Channel, "## Keys of a contract"), (Column, "## Keys of a column")],
    ids=["contract", "column"],
)
def test_the_keys_of_a_contract_are_those_of_the_model(model: type[Channel] | type[Column], heading: str) -> None:
    section = (ROOT / "docs/channel-contracts.md").read_text(encoding="utf-8").partition(f"{heading}\n")[2]
    documented = re.findall(r"^\| `(\w+)` \|", section.partition("\n## ")[0], re.MULTILINE)
    assert sorted(documented) == sorted(field.alias or name for name, field in model.model_fields.items())


def test_the_worked_example_is_a_valid_contract(tmp_path: Path) -> None:
    (example,) = blocks(ROOT / "docs/channel-contracts.md", "yaml")
    path = tmp_path / "newsletter.yml"
    path.write_text(example, encoding="utf-8")
    assert load_channel(path).channel == "newsletter"


def test_the_routes_of_the_docs_are_those_of_the_service() -> None:
    documented = set(table("docs/profile-api.md", "| route | what it answers |"))
    routes = [route for router in routers() for route in router.routes]
    assert documented == {
        f"{method} {route.path}" for route in routes if isinstance(route, APIRoute) for method in route.methods
    }


def test_the_errors_of_the_docs_are_those_of_the_service() -> None:
    kinds = {policy: 403 for policy in REFUSALS}
    for path in (ROOT / "profile_api").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "Problem" and len(node.args) >= 2:
                status, kind = node.args[:2]
                if isinstance(status, ast.Constant) and isinstance(kind, ast.Constant):
                    kinds[str(kind.value)] = int(str(status.value))
    documented = table("docs/profile-api.md", "| kind | status | what to do |")
    assert {kind: int(row[0]) for kind, row in documented.items()} == kinds


def test_the_purposes_of_the_docs_are_those_in_force() -> None:
    documented = table("docs/profile-api.md", "| purpose | legal basis | roles | data categories |")
    assert set(documented) == set(published_purposes())
    for name, purpose in published_purposes().items():
        basis, roles, categories = documented[name]
        assert basis == purpose.legal_basis.value
        assert set(roles.split(", ")) == ({role.value for role in purpose.roles} or {"nobody"})
        assert set(categories.split(", ")) == ({category.value for category in purpose.categories} or {"none"})


def test_the_tables_of_the_architecture_are_those_of_the_lake_and_of_postgresql() -> None:
    found = [one for one in vars(tables).values() if isinstance(one, tables.Table)]
    lake = {one.name: ", ".join(one.key) for one in [*found, *tables.BRONZE.values(), *FEATURES.values()]}
    documented = table("docs/architecture.md", "| table | a row is | key |")
    assert {name: row[1].partition(" (")[0] for name, row in documented.items()} == lake
    assert set(table("docs/architecture.md", "| table | a row is |\n")) == set(metadata.tables)


def test_the_rules_of_survivorship_are_all_explained() -> None:
    assert set(table("docs/survivorship.md", "| rule | the winner is |")) == set(get_args(Rule))
