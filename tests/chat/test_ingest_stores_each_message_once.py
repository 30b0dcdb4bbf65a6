"""Batches into the database: once each, counted once, all or nothing."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from chat.ingest import Row, ingest, move
from chat.messages import ChatMessage, Deletion
from chat.models import Bucket, Message, Recording
from tests.chat.chatcast import START_MS, recording, said
from vodtender.telemetry import store

pytestmark = pytest.mark.django_db


def rows(to: Recording, *messages: ChatMessage) -> list[Row]:
    return [Row(to.pk, to.channel.login, message) for message in messages]


def buckets(of: Recording) -> dict[int, int]:
    return {
        (start - START_MS) // 1000: n
        for start, n in Bucket.objects.filter(recording=of).values_list("start", "messages")
    }


def counted() -> float:
    return store.values(["chat_messages_recorded"]).get(("chat_messages_recorded", '["pia"]', "value"), 0.0)


def test_every_column_is_stored() -> None:
    everything = said(
        "m1",
        1.5,
        user_id="7",
        display_name="Änn",
        colour="#FF0000",
        badges="vip/1",
        emotes="25:0-4",
        text="Kappa 🙂\t\\N",
        system_text="sys",
        reply_to="m0",
        bits=5,
        kind="sub",
    )
    assert ingest(rows(recording(), everything)) == 1
    row = Message.objects.get()
    assert {name: getattr(row, name) for name in everything.__slots__} == {
        name: getattr(everything, name) for name in everything.__slots__
    }


def test_a_message_that_comes_again_changes_nothing() -> None:
    to = recording()
    assert ingest(rows(to, said("m1"), said("m2", 31), said("m1"))) == 2
    assert ingest(rows(to, said("m1", text="other"), said("m3", 32))) == 1
    assert buckets(to) == {0: 1, 30: 2}
    assert counted() == 3
    assert not Message.objects.filter(text="other").exists()


def test_a_batch_of_a_thousand_is_stored() -> None:
    to = recording()
    assert ingest(rows(to, *(said(f"m{number}", number / 10) for number in range(1000)))) == 1000
    assert sum(buckets(to).values()) == Message.objects.count() == 1000


def test_a_batch_that_is_rolled_back_leaves_nothing_and_counts_nothing() -> None:
    to = recording()

    def fail() -> None:
        with transaction.atomic():
            ingest(rows(to, said("m1")))
            raise IntegrityError

    with pytest.raises(IntegrityError):
        fail()
    assert (Message.objects.count(), buckets(to), counted()) == (0, {}, 0)


DELETIONS: list[tuple[dict[str, Any], set[str]]] = [
    ({"message_id": "ann1"}, {"ann1"}),
    ({"login": "ann"}, {"ann1", "ann2"}),
    ({"user_id": "1"}, {"ann1", "ann2"}),
    ({}, {"ann1", "ann2", "bob"}),
]


@pytest.mark.parametrize(("what", "hit"), DELETIONS)
def test_a_deletion_marks_what_it_hits_and_erases_nothing(what: dict[str, Any], hit: set[str]) -> None:
    to = recording()
    batch = rows(
        to,
        said("ann1", 1, user_id="1"),
        said("ann2", 2, user_id="1"),
        said("bob", 2, login="bob"),
        said("late", 20, user_id="1"),
    )
    deletion = Deletion(START_MS + 10_000, **what)
    ingest(batch, [(to.pk, deletion)])
    marked = dict(Message.objects.exclude(deleted_at=None).values_list("message_id", "deleted_at"))
    assert set(marked) == hit
    assert set(marked.values()) == {deletion.at}
    assert Message.objects.count() == 4


def test_the_first_mark_stays() -> None:
    to = recording()
    ingest(rows(to, said("m1")), [(to.pk, Deletion(START_MS + 1000, message_id="m1"))])
    ingest([], [(to.pk, Deletion(START_MS + 9000))])
    assert Message.objects.get().deleted_at == Deletion(START_MS + 1000).at


def test_moved_messages_take_their_buckets_along() -> None:
    old, new = recording(), recording(stream_id="901")
    ingest(rows(old, said("a", 1), said("b", 35), said("c", 45), said("d", 70)))
    move(old.pk, new.pk, START_MS + 40_000)
    assert buckets(old) == {0: 1, 30: 1}
    assert buckets(new) == {30: 1, 60: 1}
