"""Installs the client libraries of `clients/package.json` once, into a folder that git ignores."""

import shutil
import subprocess
from pathlib import Path

import pytest
from filelock import FileLock

HERE = Path(__file__).parent / "clients"
THERE = Path(__file__).parents[3] / ".local" / "node-clients"


def installed() -> Path:
    """The folder with `node_modules`; fails the test where Node is missing."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.fail("expected Node with npm for the client libraries' tests, found none; apt-get install -y nodejs npm")
    THERE.mkdir(parents=True, exist_ok=True)
    wanted = (HERE / "package.json").read_text()
    done = THERE / "installed.json"
    with FileLock(THERE / "lock"):
        if not done.exists() or done.read_text() != wanted:
            (THERE / "package.json").write_text(wanted)
            flags = ["--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts", "--silent"]
            subprocess.run([npm, "install", *flags], cwd=THERE, check=True, timeout=300)
            done.write_text(wanted)
    return THERE / "node_modules"


def node(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs a script of `clients` with the libraries at hand."""
    modules = installed()
    shutil.copy(HERE / script, THERE / script)  # Node looks for libraries beside and above the script
    command = [str(shutil.which("node")), script, *arguments]
    assert modules.exists()
    return subprocess.run(command, cwd=THERE, capture_output=True, text=True, timeout=60, check=False)
