"""Sending is bounded, batched and counted."""

from __future__ import annotations

import json

from tapelens.probe.outbox import BATCH, QUEUE_BOUND, Outbox
from tapelens.wire.envelope import Batch
from tapelens.wire.processes import Dropped, ProbeFault
from tapelens.wire.reading import read_batch


class SlowWriter:
    """Takes every event; says that as many wait as the test wants."""

    def __init__(self) -> None:
        self.events: list[dict[str, object]] = []
        self.behind = 0

    def send_event(self, body: dict[str, object]) -> bool:
        self.events.append(body)
        return True

    def waiting(self) -> int:
        return self.behind

    def batches(self) -> list[Batch]:
        return [read_batch(str(event["data"])) for event in self.events]


def numbered(number: int) -> ProbeFault:
    return ProbeFault(kind="probe_fault", where="test", message=str(number))


def test_a_message_goes_out_at_once_while_the_writer_keeps_up():
    writer = SlowWriter()
    Outbox(writer).send(numbered(1))
    (batch,) = writer.batches()
    assert batch.messages == (numbered(1),)
    assert json.loads(str(writer.events[0]["data"]))["process"]["pid"] == batch.process.pid


def test_what_a_stalled_client_cannot_take_is_dropped_oldest_first_and_counted():
    writer = SlowWriter()
    outbox = Outbox(writer)
    writer.behind = QUEUE_BOUND + 1
    for number in range(BATCH + 50):
        outbox.send(numbered(number))
    assert writer.events == []
    writer.behind = 0
    outbox.send(numbered(-1))
    messages = [message for batch in writer.batches() for message in batch.messages]
    assert messages[0] == numbered(50)
    assert messages[-2:] == [numbered(-1), Dropped(kind="dropped", count=50)]
    assert all(len(batch.messages) <= BATCH for batch in writer.batches())


def test_flushing_sends_what_was_held_back_and_waits_for_the_writer():
    writer = SlowWriter()
    outbox = Outbox(writer)
    writer.behind = QUEUE_BOUND + 1
    outbox.send(numbered(1))

    class Draining(SlowWriter):
        def waiting(self) -> int:
            self.behind = max(0, self.behind - 1)
            return self.behind

    draining = Draining()
    draining.behind = 5
    outbox._writer = draining
    outbox.flush()
    assert [batch.messages for batch in draining.batches()] == [(numbered(1),)]
    assert draining.behind == 0


class MuteWriter(SlowWriter):
    """A debugger whose events cannot be sent."""

    def send_event(self, body: dict[str, object]) -> bool:
        return False


def test_what_cannot_be_sent_is_carried_by_the_next_answer_and_bounded():
    outbox = Outbox(MuteWriter())
    for number in range(BATCH + 3):
        outbox.send(numbered(number))
    outbox.flush()
    first, *_, last = outbox.collect()
    assert (first, last) == (numbered(3), Dropped(kind="dropped", count=3))
    assert outbox.collect() == []
