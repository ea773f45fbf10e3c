"""Pairwise and B-cubed precision, recall and F1 of a partition against the truth."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any


def harmonic(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def scores(cluster_of: Mapping[str, str], person_of: Mapping[str, str]) -> dict[str, float]:
    """Scores over the records that have a truth.

    Pairwise counts pairs of records; B-cubed averages over records (Bagga and Baldwin 1998), so that one large
    cluster does not outweigh many small ones.
    """
    known = [record for record in cluster_of if record in person_of]
    both = Counter((cluster_of[record], person_of[record]) for record in known)
    clusters = Counter(cluster_of[record] for record in known)
    people = Counter(person_of[record] for record in known)

    def pairs(counts: Counter[Any]) -> int:
        return sum(count * (count - 1) // 2 for count in counts.values())

    together, found, true = pairs(both), pairs(clusters), pairs(people)
    precision = together / found if found else 1.0
    recall = together / true if true else 1.0
    b_precision = sum(n * n / clusters[c] for (c, _), n in both.items()) / len(known) if known else 1.0
    b_recall = sum(n * n / people[p] for (_, p), n in both.items()) / len(known) if known else 1.0
    return {
        "precision": round(precision, 5),
        "recall": round(recall, 5),
        "f1": round(harmonic(precision, recall), 5),
        "bcubed_precision": round(b_precision, 5),
        "bcubed_recall": round(b_recall, 5),
        "bcubed_f1": round(harmonic(b_precision, b_recall), 5),
    }


def error_kinds(cluster_of: Mapping[str, str], person_of: Mapping[str, str]) -> dict[str, int]:
    """How many people are split over several clusters, and how many clusters hold several people."""
    clusters_of_person, people_of_cluster = defaultdict(set), defaultdict(set)
    for record, person in person_of.items():
        if record in cluster_of:
            clusters_of_person[person].add(cluster_of[record])
            people_of_cluster[cluster_of[record]].add(person)
    return {
        "people_split": sum(len(found) > 1 for found in clusters_of_person.values()),
        "clusters_of_several_people": sum(len(found) > 1 for found in people_of_cluster.values()),
    }
