"""Resolves the JVM libraries once, at set-up, so that no later start has to ask a registry."""

import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

import pyspark
from splink.backends.spark import similarity_jar_location

from contracts.settings import settings

_RESOLVE = (
    "import sys; from pyspark.sql import SparkSession as S;"
    "S.builder.master('local[1]').config('spark.ui.enabled','false').config('spark.jars.packages',sys.argv[1])"
    ".config('spark.jars.ivy',sys.argv[2]).getOrCreate().stop()"
)


CHECKOUT = Path(__file__).parents[1] / ".local" / "jars"
"""Where set-up puts them unless OCV_LOCAL says otherwise."""


def jar_folder() -> Path:
    """Where the jars are: `jars/` beside the embedded stores, else where set-up put them for other stores."""
    own = settings().local.resolve() / "jars"
    return CHECKOUT if not any(own.glob("*.jar")) and any(CHECKOUT.glob("*.jar")) else own


def resolve_jars(folder: Path) -> list[Path]:
    """Fetches Delta with its dependencies beyond Spark's own jars, and Splink's functions; keeps existing ones."""
    wanted = f"delta-spark_4.2_2.13-{version('delta-spark')}.jar"
    if not any(folder.glob(f"*{wanted}")):
        folder.mkdir(parents=True, exist_ok=True)
        brought = {path.name.rpartition("-")[0] for path in (Path(pyspark.__file__).parent / "jars").glob("*.jar")}
        with tempfile.TemporaryDirectory() as ivy:
            package = f"io.delta:delta-spark_4.2_2.13:{version('delta-spark')}"
            done = subprocess.run([sys.executable, "-c", _RESOLVE, package, ivy], capture_output=True, text=True)
            if done.returncode:
                raise SystemExit(f"expected to resolve {package} by Ivy, found:\n{done.stderr[-2000:]}")
            for jar in sorted(Path(ivy, "jars").glob("*.jar")):
                artifact = jar.name.partition("_")[2]
                if artifact.rpartition("-")[0] not in brought:
                    shutil.copy2(jar, folder / jar.name)
        shutil.copy2(similarity_jar_location(), folder)
    return sorted(folder.glob("*.jar"))


if __name__ == "__main__":
    print(f"{len(resolve_jars(jar_folder()))} jars in {jar_folder()}")
