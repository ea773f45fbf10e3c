"""A machine that lacks something is told in one clear line how to get it."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

SCRIPT = Path(__file__).parents[1] / "scripts" / "check_machine.py"


@pytest.fixture
def check_machine() -> ModuleType:
    spec = importlib.util.spec_from_file_location("check_machine", SCRIPT)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run(path: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PATH": str(path)}
    return subprocess.run([sys.executable, SCRIPT], env=environment, capture_output=True, text=True, check=False)


def install_java(folder: Path, says: str) -> None:
    java = folder / "java"
    java.write_text(f"#!/bin/sh\necho '{says}' >&2\n", encoding="utf-8")
    java.chmod(0o755)


def test_a_missing_java_is_one_line_that_says_how_to_get_it(tmp_path: Path) -> None:
    done = run(tmp_path)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("expected Java 17 or newer, found none; install one, e.g. `apt-get install ")


@pytest.mark.parametrize(
    ("says", "found"),
    [
        ('openjdk version "11.0.24" 2024-07-16', "found 11;"),
        ('java version "1.8.0_402"', "found 8;"),
        ("No Java runtime present", "found one that says no version;"),
    ],
)
def test_an_unsuited_java_is_one_line_that_says_what_was_found(tmp_path: Path, says: str, found: str) -> None:
    install_java(tmp_path, says)
    done = run(tmp_path)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert found in done.stderr


@pytest.mark.parametrize("says", ['openjdk version "17.0.12" 2024-07-16', 'openjdk version "21" 2023-09-19'])
def test_a_suited_machine_passes_in_silence(tmp_path: Path, says: str) -> None:
    install_java(tmp_path, says)
    done = run(tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(("version", "found"), [((3, 10, 4), "3.10"), ((3, 13, 0), "3.13"), ((2, 7, 18), "2.7")])
def test_an_unsuited_python_is_one_line_that_says_how_to_get_another(
    check_machine: ModuleType, monkeypatch: pytest.MonkeyPatch, version: tuple[int, int, int], found: str
) -> None:
    monkeypatch.setattr(check_machine, "sys", SimpleNamespace(version_info=version))
    problem = check_machine.problem()
    assert problem.startswith(f"expected Python 3.11 or 3.12, found {found}; install one")
    assert "\n" not in problem
