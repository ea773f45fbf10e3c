"""The order of the batch flow, declared once: `spark_jobs.pipeline` and the DAGs are both made from it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    """A job that starts when the steps in `after` are done; its result is an asset of that name."""

    module: str
    does: str
    leaves: str
    after: tuple[str, ...]
    options: tuple[str, ...] = ()
    """What its command has to be told."""

    @property
    def name(self) -> str:
        return self.module.rpartition(".")[2]


FLOW = (
    Step(
        "spark_jobs.ingest",
        "Takes in the channel files that are new.",
        "bronze",
        (),
        ("--sources", "--contracts", "--received-at"),
    ),
    Step("spark_jobs.inbox", "Takes in the live events that came since.", "landed", ("ingest",), ("--now",)),
    Step(
        "spark_jobs.standardise",
        "Brings records, events and consents up to date with what came in.",
        "silver",
        ("inbox",),
        ("--contracts",),
    ),
    Step(
        "spark_jobs.overrides",
        "Brings into the lake what stewards decided, and what changed live, before identities are resolved.",
        "decisions",
        ("standardise",),
    ),
    Step("spark_jobs.resolve", "Finds which records are one person.", "identity", ("overrides",), ("--run-at",)),
    Step(
        "spark_jobs.rectifications",
        "Brings into the lake the values that people put right.",
        "rectified",
        ("resolve",),
    ),
    Step(
        "spark_jobs.profiles",
        "Rebuilds the profiles and timelines of the people that changed.",
        "gold",
        ("rectifications",),
        ("--contracts",),
    ),
    Step("spark_jobs.features", "Computes the features of every profile.", "features", ("profiles",), ("--as-of",)),
    Step(
        "feature_repo.materialise",
        "Copies the changed features to the online store.",
        "online",
        ("features",),
    ),
    Step(
        "spark_jobs.publish",
        "Copies the changed profiles, identifiers and timelines to the operational store.",
        "served",
        ("features",),
        ("--now",),
    ),
)


def stages(flow: Sequence[Step] = FLOW) -> Iterator[list[Step]]:
    """The steps in their order, those together that wait for the same; raises ValueError where one waits for ever."""
    waiting, done = list(flow), set[str]()
    while waiting:
        ready = [step for step in waiting if done.issuperset(step.after)]
        if not ready:
            raise ValueError(f"expected steps that wait for earlier ones, found {[step.name for step in waiting]}")
        yield ready
        done |= {step.name for step in ready}
        waiting = [step for step in waiting if step not in ready]
