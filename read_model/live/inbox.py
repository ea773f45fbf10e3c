"""The inbox: a message is acknowledged once it is committed, and messages that arrive together share one commit."""

import queue
import threading
from collections.abc import Collection, Sequence
from concurrent.futures import Future

from sqlalchemy import Connection, Engine, text

from read_model.live.erased import Guard
from read_model.live.message_ids import remember
from read_model.live.messages import Accepted, RefusedMessage, Sorted
from stores.postgres import is_of_the_rows, is_passing

TOGETHER = 1_000
"""Requests that may share one commit."""
WAITING = 5_000
"""How many requests may wait; beyond that, the service answers that it is busy and stores nothing."""
CHANNEL = "inbox"

_INSERT = text(
    "INSERT INTO inbox (source, message_id, record_id, received_at, item, gpc, proof)"
    " SELECT * FROM unnest(CAST(:source AS text[]), CAST(:message_id AS text[]), CAST(:record_id AS text[]),"
    " CAST(:received_at AS timestamptz[]), CAST(:item AS jsonb[]), CAST(:gpc AS boolean[]), CAST(:proof AS text[]))"
    " ON CONFLICT (source, message_id) DO NOTHING"
)
_REFUSE = text(
    "INSERT INTO inbox_quarantine (source, is_server, is_signed, received_at, call, sent_at, reason, raw)"
    " VALUES (:source, :is_server, :is_signed, :received_at, :call, :sent_at, :reason, :raw)"
)


class Busy(RuntimeError):
    """Too much is waiting; nothing of this request was stored."""


class Unkeepable(ValueError):
    """The store cannot hold such a row; nothing of this request was stored, and sending it again would not help."""


class Inbox:
    """Keeps messages; one writer a process gathers what waits into one INSERT and one commit."""

    def __init__(self, engine: Engine, guard: Guard) -> None:
        self._engine, self._guard = engine, guard
        self._queue: queue.Queue[tuple[Sorted, Future[set[int]]] | None] = queue.Queue(WAITING)
        self._writer: threading.Thread | None = None
        self._starting = threading.Lock()

    @property
    def has_to_look(self) -> bool:
        """Whether anybody was erased, so that messages are looked through at all."""
        return self._guard.is_needed

    def look(self, found: Sorted) -> None:
        """Does before, in the request's own thread, what takes long of keeping its messages and needs no writer."""
        self._guard.look(found)

    def keep(self, found: Sorted) -> "Future[set[int]]":
        """Submits one request's messages; the future is done once they are committed.

        Its result are the indexes of new messages; the others are duplicates.
        """
        self._start()
        outcome: Future[set[int]] = Future()
        try:
            self._queue.put_nowait((found, outcome))
        except queue.Full:
            raise Busy from None
        return outcome

    def close(self) -> None:
        """Commits waiting messages and ends the writer."""
        with self._starting:
            writer, self._writer = self._writer, None
        if writer:
            self._queue.put(None)
            writer.join(timeout=30)

    def _start(self) -> None:
        if self._writer is None:
            with self._starting:
                if self._writer is None:
                    self._writer = threading.Thread(target=self._write_for_ever, name="inbox", daemon=True)
                    self._writer.start()

    def _write_for_ever(self) -> None:
        ended = False
        while not ended:
            waiting = [self._queue.get()]
            while len(waiting) < TOGETHER and not self._queue.empty():
                waiting.append(self._queue.get_nowait())
            ended = None in waiting
            group = [one for one in waiting if one is not None]
            if not group:
                continue
            # From here on a request cannot be cancelled; requests cancelled before are not stored.
            self._settle([one for one in group if one[1].set_running_or_notify_cancel()])

    def _settle(self, group: "Sequence[tuple[Sorted, Future[set[int]]]]") -> None:
        """One commit for all; if one request's rows are at fault, the others are stored without it."""
        if not group:
            return
        try:
            news = self._commit([found for found, _ in group])
        except Exception as error:  # whatever it is: none of these was kept
            if len(group) > 1 and not is_passing(error):
                half = len(group) // 2
                self._settle(group[:half])
                self._settle(group[half:])
                return
            raised = Unkeepable() if is_of_the_rows(error) else error
            for _, outcome in group:
                outcome.set_exception(raised)
        else:
            for (_, outcome), new in zip(group, news, strict=True):
                outcome.set_result(new)

    def _commit(self, group: Sequence[Sorted]) -> list[set[int]]:
        accepted = [one for found in group for one in found.accepted]
        refused = [one for found in group for one in found.refused]
        names = {one: named for found in group for one, named in found.names.items()}
        with self._engine.begin() as connection:
            erased = self._guard.erased(connection, [*accepted, *refused], names)
            left_out = [one for one in accepted if one in erased]
            salvaged = [one for found in group for one in found.salvaged] + self._guard.refusals_in(left_out)
            turned_away = self._guard.named(connection, salvaged, names)
            insert_accepted(connection, salvaged, turned_away)
            fresh = set(insert_accepted(connection, accepted, erased))
            if rows := [_row(one) for one in refused if one not in erased]:
                connection.execute(_REFUSE, rows)
        return [{one.index for one in found.accepted if one in fresh} for found in group]


def insert_accepted(
    connection: Connection, accepted: Sequence[Accepted], left_out: Collection[Accepted | RefusedMessage] = ()
) -> list[Accepted]:
    """Stores messages in the caller's transaction and wakes the projector at its commit; returns which were new.

    Of dropped messages only the id is stored, so that a sender cannot learn who was erased.
    """
    fresh = remember(connection, accepted)
    if kept := [one for one in fresh if one not in left_out]:
        connection.execute(_INSERT, _columns(kept))
        connection.execute(text(f"NOTIFY {CHANNEL}"))
    return fresh


def _columns(rows: Sequence[Accepted]) -> dict[str, list[object]]:
    names = ("source", "message_id", "record_id", "received_at", "item", "gpc", "proof")
    return {name: [getattr(row, name) for row in rows] for name in names}


def _row(one: RefusedMessage) -> dict[str, object]:
    return {name: value for name, value in vars(one).items() if name != "index"}
