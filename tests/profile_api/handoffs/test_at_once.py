"""Many act on the same conversations at once: whatever happens, each hand-off goes a way that its states allow."""

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import Engine, select

from consent.model import Actor, Role
from engagement.handoffs.states import STEPS, State, Step
from profile_api.access.gate import Gate
from profile_api.handoffs.asking import ask_for_a_person
from profile_api.handoffs.holding import hear, say, take_step
from profile_api.handoffs.views import HandoffForm, MessageForm, StepForm
from profile_api.responses.errors import Problem
from stores.schema import conversation_entries, handoff_events, handoffs
from tests.profile_api.handoffs.conftest import CALLBACK, FORM
from tests.profile_api.people import ANA, NOW

ACTORS = [Actor(f"advisor-{number}", Role.ADVISOR) for number in range(4)] * 3 + [Actor("bot-1", Role.BOT)]
TAKEN = [
    "reserve",
    "reserve",
    "accept",
    "accept",
    "accept",
    "reject",
    "transfer",
    "wrap",
    "resolve",
    "return",
    "rescind",
    "abandon",
]


@pytest.mark.usefixtures("staffed")
@pytest.mark.parametrize("seed", range(3))
def test_however_many_act_at_once_nothing_is_lost_and_nothing_is_held_twice(
    gate: Gate, engine: Engine, seed: int
) -> None:
    passed = iter(range(1_000_000))
    gate.clock = lambda: NOW + timedelta(seconds=next(passed))

    def act(number: int) -> int:
        """Asks and acts by chance; returns how many messages were kept."""
        draw, kept = random.Random(seed * 100 + number), 0
        for turn in range(60):
            actor, name = draw.choice(ACTORS), draw.choice("ab")
            try:
                if draw.random() < 0.2:
                    form = FORM | CALLBACK | {"conversation_id": name, "request_key": f"{number}-{turn}"}
                    ask_for_a_person(gate, actor, "service", ANA, HandoffForm.model_validate(form))
                    continue
                with engine.connect() as connection:
                    newest = select(handoffs.c.handoff_id).order_by(handoffs.c.requested_at.desc()).limit(3)
                    ids = connection.scalars(newest).all()
                chosen = draw.choice(ids) if ids else "none"
                if draw.random() < 0.2:
                    say(gate, actor, "service", chosen, MessageForm(said_by="us", text="hello"))
                    kept += 1
                elif draw.random() < 0.1:
                    hear(gate, actor, "service", chosen)
                else:
                    take_step(gate, actor, "service", chosen, StepForm.model_validate({"step": draw.choice(TAKEN)}))
            except Problem as problem:
                if problem.status not in (404, 409):
                    raise
        return kept

    with ThreadPoolExecutor(8) as pool:
        messages = sum(pool.map(act, range(8)))
    with engine.connect() as connection:
        rows = connection.execute(select(handoffs)).all()
        events = connection.execute(select(handoff_events).order_by(handoff_events.c.event_id)).all()
        assert len(connection.execute(select(conversation_entries)).all()) == messages
    still_open = [row.conversation_id for row in rows if not State(row.state).final]
    assert rows and len(still_open) == len(set(still_open)), "one open hand-off of each conversation"
    assert "accept" in {event.step for event in events}, "enough happened"
    for row in rows:
        stands, holder = State.REQUESTED, None
        for event in [one for one in events if one.handoff_id == row.handoff_id and one.step != "request"]:
            transition = STEPS[Step(event.step)]
            assert stands in transition.sources and event.state == transition.target
            others_may = event.step in ("rescind", "abandon")  # whoever asked, and bots
            assert holder is None or event.actor in (holder, "system") or others_may
            stands = transition.target
            holder = (holder or event.actor) if stands.held else None
        assert (row.state, row.holder) == (stands, holder), "where it stands is where its steps led"
        assert (row.until is not None) == stands.held
