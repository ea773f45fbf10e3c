"""How many cells of the matrix hold, and how fast one decision is."""

import re
import statistics
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from consent.decide import decide
from consent.loading import published_policies
from consent.model import Actor, ConsentEvent, ConsentState, Role
from consent.purposes import published_purposes
from contracts.categories import Category
from contracts.identifiers import Identifier

MATRIX = "tests/profile_api/access/test_matrix.py"
NOW = datetime(2024, 5, 1, 12, tzinfo=UTC)


def matrix() -> dict[str, Any]:
    """Walks role x purpose x data category x consent state over every route; every cell must hold."""
    started = time.perf_counter()
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", MATRIX]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    cells = {what.strip(): int(count) for count, what in re.findall(r"matrix: (\d+) cells (.+)", done.stdout)}
    return {
        "cells": sum(cells.values()),
        "of": cells,
        "holds": done.returncode == 0,
        "seconds": round(time.perf_counter() - started, 1),
    }


def decisions(count: int = 20_000) -> dict[str, float]:
    """One decision about all six categories, for a person with four identifiers who decided about eight purposes."""
    purposes, policies = published_purposes(), published_policies()
    who = [Identifier(kind, kind) for kind in ("email", "phone", "loyalty_card", "crm_number")]
    events = [
        ConsentEvent(f"{name}-{one.kind}", one, name, ConsentState.GIVEN, NOW - timedelta(days=at), "2024-1")
        for at, one in enumerate(who)
        for name in list(purposes)[:8]
    ]
    actor, took = Actor("benchmark", Role.ADVISOR), []
    asked = [purposes[name] for name in ("service", "advice", "personalisation", "fraud_prevention")]
    for number in range(count):
        started = time.perf_counter()
        decide(policies, events, actor, asked[number % len(asked)], Category, NOW, False, [frozenset(who)])
        took.append(time.perf_counter() - started)
    cut = statistics.quantiles(took, n=100)
    return {
        "per_second": round(count / sum(took)),
        "p50_ms": round(cut[49] * 1000, 3),
        "p99_ms": round(cut[98] * 1000, 3),
    }
