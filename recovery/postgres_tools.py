"""PostgreSQL's own tools for dumping and restoring, as the embedded server's wheel brings them."""

import os
import subprocess
from pathlib import Path

from sqlalchemy import make_url

from stores.embedded_postgres import TOOLS


class ToolFailed(RuntimeError):
    """pg_dump or pg_restore did not end well; its words name objects of the database, never rows."""


def dump(database_url: str, file: Path) -> None:
    """Writes a whole database into a file, in PostgreSQL's custom format, as of one snapshot."""
    _run("pg_dump", database_url, "--format=custom", "--no-owner", f"--file={file}")


def restore(database_url: str, file: Path) -> None:
    """Fills an empty database from a dump: all of it, or nothing; the next migration gives the service its rights."""
    _run(
        "pg_restore",
        database_url,
        "--no-owner",
        "--no-privileges",
        "--exit-on-error",
        "--single-transaction",
        str(file),
    )


def _run(tool: str, database_url: str, *given: str) -> None:
    url = make_url(database_url).set(drivername="postgresql")
    # The password goes by the environment: arguments can be read by everybody on the machine.
    environment = os.environ | ({"PGPASSWORD": str(url.password)} if url.password else {})
    address = url.set(password=None).render_as_string()
    command = [str(TOOLS / tool), f"--dbname={address}", *given]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        said = done.stderr.strip().splitlines()
        raise ToolFailed(f"expected {tool} to end well, found: {said[0] if said else done.returncode}")
