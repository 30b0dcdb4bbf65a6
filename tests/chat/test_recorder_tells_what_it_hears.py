"""chat_recorder_connected and chat_lag_seconds: what the recorder tells the database, and how long that is believed."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.db.models import F
from django.test import Client

from chat import presence
from chat.journal import Journal
from chat.models import Presence
from chat.presence import Teller
from tests import cast
from tests.telemetry.scraping import labelled, single
from vods.models import Channel


def silent_for(seconds: float) -> None:
    Presence.objects.update(seen_at=F("seen_at") - timedelta(seconds=seconds))


@pytest.mark.django_db
def test_a_channel_is_connected_while_its_chat_arrives(client: Client) -> None:
    cast.pia(), Channel.objects.create(login="mia"), Channel.objects.create(login="off", record_chat=False)
    assert labelled(client, "chat_recorder_connected") == {"pia": 0, "mia": 0}
    teller = Teller()
    teller.tell({"pia"}, 0.4)
    assert labelled(client, "chat_recorder_connected") == {"pia": 1, "mia": 0}
    assert single(client, "chat_lag_seconds") == pytest.approx(0.4)
    teller.tell({"pia", "mia"}, 0.0)
    assert labelled(client, "chat_recorder_connected") == {"pia": 1, "mia": 1}
    teller.leave()
    assert labelled(client, "chat_recorder_connected") == {"pia": 0, "mia": 0}


@pytest.mark.django_db
def test_a_recorder_that_says_nothing_is_not_believed(client: Client) -> None:
    cast.pia()
    Teller().tell({"pia"}, 0.0)
    silent_for(presence.SILENT_SECONDS + 5)
    assert labelled(client, "chat_recorder_connected") == {"pia": 0}
    assert single(client, "chat_lag_seconds") == 0  # it had stored all that it had read


@pytest.mark.django_db
def test_what_a_dead_recorder_had_not_stored_grows_older(client: Client) -> None:
    cast.pia()
    Teller().tell({"pia"}, 7.0)
    silent_for(300)
    assert single(client, "chat_lag_seconds") == pytest.approx(307, abs=60)


@pytest.mark.django_db
def test_the_same_is_not_written_again_and_again() -> None:
    cast.pia()
    teller = Teller()
    teller.tell({"pia"}, 0.0)
    silent_for(5)
    first = Presence.objects.get().seen_at
    teller.tell({"pia"}, 0.0)
    assert Presence.objects.get().seen_at == first
    teller.tell(set(), 0.0)
    assert Presence.objects.get().seen_at > first


def test_the_journal_knows_how_old_its_oldest_unstored_record_is(tmp_path: Path) -> None:
    journal = Journal(tmp_path, clock=lambda: 1_700_000_000.0)
    assert journal.waiting_since() is None
    journal.append([b"one", b"two"], 1_700_000_000.0)
    journal.append([b"three"], 1_700_000_005.0)
    assert journal.waiting_since() == pytest.approx(1_700_000_000.0)
    journal.advance(journal.read(2)[-1])
    assert journal.waiting_since() == pytest.approx(1_700_000_005.0)
    journal.advance(journal.read(2)[-1])
    assert journal.waiting_since() is None
    journal.close()
