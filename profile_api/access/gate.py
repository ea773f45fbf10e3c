"""The only place where personal data leaves: find, decide, mask, write the audit row, answer.

No audit row, no ledger or no policy: no data. Importing `access.store` elsewhere would bypass all of it.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import datetime
from functools import partial
from itertools import chain
from typing import Any, TypeVar

from psycopg import Error as DriverError
from redis.exceptions import RedisError
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from consent.decide import decide
from consent.eligibility import permitted
from consent.model import Actor, ConsentEvent, Decision, Purpose, RecordIdentifiers
from consent.policies import FAILED, Policies
from consent.retention import ended, last_interaction, oldest_kept
from contracts.categories import Category
from contracts.identifiers import Identifier
from profile_api.access.asking import (
    NOBODY,
    REFUSALS,
    AccessRequest,
    Found,
    as_recorded,
    may_know,
    met,
    purpose_of,
    refusal,
    unsuited,
)
from profile_api.access.consent_status import consent_status
from profile_api.access.cursors import PageStart, cursor_of
from profile_api.access.finding import by_id, by_identifier
from profile_api.access.masking import Mask, addressed, reach_of
from profile_api.access.own import is_nobody, speaking_for_themselves
from profile_api.access.store import Reading, Store
from profile_api.access.stored import FeatureReader, StoredProfile
from profile_api.access.throttle import Throttle, Unlimited
from profile_api.responses.errors import Problem, not_found, unavailable
from profile_api.responses.views import Answer, DecisionView, FeaturesData, ProfileData, TimelineData, View, Withheld

__all__ = ["REFUSALS", "AccessRequest", "Find", "Found", "Gate", "Reading", "Show", "by_id", "by_identifier"]

Data = TypeVar("Data", bound=View)
Find = Callable[[Reading, AccessRequest, Decision], Found | Problem]
Show = Callable[[Reading, StoredProfile, Mask, Decision], Data]


class Gate:
    """Answers about people; `features` is None without an online store."""

    def __init__(
        self,
        engine: Engine,
        features: FeatureReader | None,
        policies: Policies,
        purposes: Mapping[str, Purpose],
        clock: Callable[[], datetime],
        throttle: Throttle | None = None,
    ) -> None:
        self._store, self._features = Store(engine), features
        self._policies, self._purposes, self.clock = replace(policies, evaluated={}), purposes, clock
        self._throttle = throttle or Unlimited()

    def lookup(self, actor: Actor, purpose: str | None, identifier: Identifier) -> Answer[ProfileData]:
        """The profile that carries this identifier; 409 where several people share it."""
        ask = AccessRequest(actor, purpose, "lookup")
        return self.answer(ask, by_identifier(identifier), lambda reading, profile, mask, may: mask.profile())

    def profile(self, actor: Actor, purpose: str | None, profile_id: str) -> Answer[ProfileData]:
        """The profile of this id, or the one into which it was merged."""
        ask = AccessRequest(actor, purpose, "profile")
        return self.answer(ask, by_id(profile_id), lambda reading, profile, mask, may: mask.profile())

    def timeline(
        self, actor: Actor, purpose: str | None, profile_id: str, start: PageStart | None, limit: int
    ) -> Answer[TimelineData]:
        """The person's interactions, newest first, `limit` at a time."""

        def show(reading: Reading, profile: StoredProfile, mask: Mask, may: Decision) -> TimelineData:
            events = reading.events(profile.profile_id, mask.events_after, limit + 1, start)
            shown = [mask.event(event) for event in events[:limit]]
            more = len(events) > limit
            return TimelineData(
                events=shown, next_cursor=cursor_of([one.occurred_at for one in shown], start) if more else None
            )

        return self.answer(AccessRequest(actor, purpose, "timeline"), by_id(profile_id), show)

    def features(self, actor: Actor, purpose: str | None, profile_id: str) -> Answer[FeaturesData]:
        """The person's online features of this purpose."""

        def show(reading: Reading, profile: StoredProfile, mask: Mask, may: Decision) -> FeaturesData:
            found = self.online(reading, profile, mask, may)
            if found is None:
                raise unavailable("the online features")
            return found

        return self.answer(AccessRequest(actor, purpose, "features"), by_id(profile_id), show)

    def online(self, reading: Reading, profile: StoredProfile, mask: Mask, may: Decision) -> FeaturesData | None:
        """The features that may leave, inside an answer; None while the online store does not answer."""
        try:
            found = self._features.read(profile.profile_id, may.purpose) if self._features else None
        except (RedisError, ConnectionError):
            return None
        return mask.features(found, partial(reading.older, profile)) if found is not None else None

    def missing(self) -> list[str]:
        """The stores that do not answer."""
        missing = []
        try:
            self._store.ping()
        except SQLAlchemyError:
            missing.append("postgresql")
        try:
            if self._features is None:
                raise ConnectionError
            self._features.read("nobody", "service")
        except Exception:  # whatever the online store's driver raises, it does not serve
            missing.append("features")
        return missing

    def answer(self, ask: AccessRequest, find: Find, show: Show[Data]) -> Answer[Data]:
        """The result of `show` for the person that `find` finds: decided, masked and recorded in one transaction."""
        purpose, now, beforehand = self._beforehand(ask)
        with self._one_transaction(self._store.reading(now)) as reading:
            # The audit row is written in the same transaction: an answer exists only once it is committed.
            outcome: Answer[Data] | Problem | None = refusal(ask, beforehand, purpose)
            if outcome:
                self._record(reading, ask, None, beforehand, "refused", now)
            else:
                outcome = self._outcome(reading, ask, purpose, beforehand, find, show, now)
        if isinstance(outcome, Problem):
            raise outcome
        return outcome

    def _outcome(
        self,
        reading: Reading,
        ask: AccessRequest,
        purpose: Purpose,
        beforehand: Decision,
        find: Find,
        show: Show[Data],
        now: datetime,
    ) -> Answer[Data] | Problem:
        ask = speaking_for_themselves(ask, reading)
        found = find(reading, ask, beforehand)
        found = self._throttle.count_distinct(ask.actor, met(found)) or found
        if isinstance(found, Found):
            found = unsuited(ask, purpose, found.profile.profile_id, reading.is_case_of) or found
        if isinstance(found, Problem) and found.kind != not_found().kind:
            self._record(reading, ask, None, beforehand, found.kind, now)
            return found
        # A missing profile takes the same path as a forbidden one, so that the response time reveals nothing.
        profile = found.profile if isinstance(found, Found) else NOBODY
        decision, mask, consents, parts = self._about(reading, ask, purpose, profile, now)
        if isinstance(found, Problem) or not may_know(ask.actor, found, decision):
            self._record(reading, ask, None, decision, not_found().kind, now)
            return not_found()
        data = show(reading, profile, mask, decision)
        self._record(reading, ask, profile.profile_id, decision, "answered", now)
        return Answer(
            profile_id=profile.profile_id,
            requested_id=found.requested_id if found.requested_id != profile.profile_id else None,
            version=profile.version(purpose.categories if decision.allowed else ()),
            purpose=purpose.id,
            data=data,
            withheld=[
                Withheld(category=one.category, reason=one.reason, policy=one.policy) for one in decision.withheld
            ],
            decision=DecisionView(
                policy=decision.policy,
                consent_event=decision.consent_event,
                notice_version=decision.notice_version,
                age_unknown=decision.age_unknown,
            ),
            consent=consent_status(
                # If nothing may be shown, decisions about other purposes are not shown either.
                self._purposes.values() if decision.allowed else [purpose],
                consents,
                now,
                parts.values(),
                addressed(profile, parts),
                reading.circumstances(profile),
            ),
        )

    @contextmanager
    def acting(self, ask: AccessRequest) -> Iterator[Reading]:
        """A transaction for actors permitted for this purpose; its changes and its audit row are committed together.

        A Problem raised inside undoes the changes, and is recorded.
        """
        purpose, now, decision = self._beforehand(ask)
        problem = refusal(ask, decision, purpose)
        with self._one_transaction(self._store.acting(now)) as reading:
            if problem is None:
                ask = speaking_for_themselves(ask, reading)
                reading.own_id = ask.actor.profile_id
                problem = not_found() if is_nobody(ask.actor) else None
            if problem is None:
                try:
                    with reading.savepoint():
                        yield reading
                        if wrong := unsuited(ask, purpose, reading.about, reading.is_case_of):
                            raise wrong
                except Problem as raised:
                    problem = raised
            about = None if problem else reading.about
            self._record(reading, ask, about, decision, problem.kind if problem else reading.outcome, now)
            for one in () if problem else sorted(reading.shown - {about}):
                self._record(reading, ask, one, decision, "listed", now)
        if problem:
            raise problem

    def about(self, reading: Reading, ask: AccessRequest, profile_id: str) -> tuple[Mask, Decision] | None:
        """What may be shown of another person in this transaction, decided and recorded like every read; None if there
        is no such person, or they may not be identified for the purpose."""
        purpose, now, profile = purpose_of(ask, self._purposes), self.clock(), reading.profile(profile_id)
        if profile is None:
            return None
        if refused := self._throttle.count_distinct(ask.actor, profile.profile_id):
            raise refused
        decision, mask, _, _ = self._about(reading, ask, purpose, profile, now)
        known = Category.IDENTITY in decision.allowed
        self._record(reading, ask, profile.profile_id, decision, "answered" if known else not_found().kind, now)
        return (mask, decision) if known else None

    def permitted(self, reading: Reading, ask: AccessRequest, profile_ids: Collection[str]) -> frozenset[str]:
        """Those of these people who may be identified for the purpose; not recorded, since nothing of theirs leaves."""
        purpose = purpose_of(ask, self._purposes)
        return reading.run(permitted, self._policies, ask.actor, purpose, self.clock(), profile_ids)

    def _about(
        self, reading: Reading, ask: AccessRequest, purpose: Purpose, profile: StoredProfile, now: datetime
    ) -> tuple[Decision, Mask, Collection[ConsentEvent], Mapping[str, RecordIdentifiers]]:
        """The decision about a person and the data that it permits, with the person's consents and records."""
        parts = reading.parts(profile)
        consents = reading.consents({*profile.identifiers, *chain.from_iterable(parts.values())})
        oldest = oldest_kept(purpose, now)
        since = last_interaction(profile.document, reading.newest_event(profile), consents, profile.updated_at, now)
        of = {"restricted": reading.restricted(profile), "parts": parts.values(), "ended": ended(since, oldest)}
        of |= {"addressed": addressed(profile, parts), "repair": ask.repair}
        of |= {"circumstances": reading.circumstances(profile)}
        decision = self._decide(ask, purpose, consents, now, **of)
        return decision, Mask(profile, decision.allowed, reach_of(decision, parts), oldest), consents, parts

    def _beforehand(self, ask: AccessRequest) -> tuple[Purpose, datetime, Decision]:
        """The checks before anyone is found."""
        purpose, now = purpose_of(ask, self._purposes), self.clock()
        if throttled := self._throttle.check_rate(ask.actor, purpose.id):
            raise throttled
        return purpose, now, self._decide(ask, purpose, (), now)

    def _decide(
        self, ask: AccessRequest, purpose: Purpose, events: Collection[ConsentEvent], now: datetime, **of: Any
    ) -> Decision:
        decision = decide(self._policies, events, ask.actor, purpose, Category, now, **of)
        if decision.policy == FAILED:
            raise unavailable("the policies")
        return decision

    @contextmanager
    def _one_transaction(self, opened: AbstractContextManager[Reading]) -> Iterator[Reading]:
        try:
            with opened as reading:
                yield reading
        except (SQLAlchemyError, DriverError) as error:
            raise unavailable("the operational store") from error
        except (RedisError, ConnectionError) as error:
            raise unavailable("the online features") from error

    def _record(
        self,
        reading: Reading,
        ask: AccessRequest,
        profile_id: str | None,
        decision: Decision,
        outcome: str,
        now: datetime,
    ) -> None:
        reading.record(
            at=now,
            actor=ask.actor.reader,
            role=ask.actor.role.value,
            purpose=decision.purpose,
            action=ask.action,
            profile_id=profile_id,
            decision=as_recorded(decision, reading.case or ask.actor.reference),
            outcome=outcome,
        )
