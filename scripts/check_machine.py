"""Says in one line what this machine lacks, before anything is installed. Runs on any Python 3."""

import re
import shutil
import subprocess
import sys


def problem():
    """The first thing that is missing and how to get it, or None."""
    if not (3, 11) <= sys.version_info[:2] <= (3, 12):
        found = ".".join(map(str, sys.version_info[:2]))
        return "expected Python 3.11 or 3.12, found " + found + "; install one and run `make PYTHON=python3.12 ...`"
    java = shutil.which("java")
    hint = "install one, e.g. `apt-get install openjdk-17-jre-headless` or `brew install openjdk@17`"
    if java is None:
        return "expected Java 17 or newer, found none; " + hint
    said = subprocess.run([java, "-version"], stderr=subprocess.PIPE, check=False).stderr.decode(errors="replace")
    version = re.search(r'version "(?:1\.)?(\d+)', said)
    if version is None or int(version.group(1)) < 17:
        return (
            "expected Java 17 or newer, found %s; " % (version.group(1) if version else "one that says no version")
            + hint
        )
    return None


if __name__ == "__main__":
    lacking = problem()
    if lacking:
        sys.exit(lacking)
