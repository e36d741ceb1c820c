"""Frozen digests, intents, receipts and evidence."""

from __future__ import annotations

import pytest

from deployforge_tasks.core.errors import ArtifactError
from deployforge_tasks.core.model import Evidence
from deployforge_tasks.core.presence import Look, Presence, State
from deployforge_tasks.core.redact import redactor
from deployforge_tasks.ledger.reading import Reader
from deployforge_tasks.ledger.store import Key, Ledger

KEY = Key("hello", "", "npm", "1.0.0")
OTHER = Key("hello", "rehearsal", "npm", "1.0.0")


def test_a_frozen_digest_is_remembered(ledger: Ledger) -> None:
    ledger.freeze("hello", "1.0.0", "hello.tar.gz", "aa" * 32)
    assert ledger.frozen("hello", "1.0.0") == {"hello.tar.gz": "aa" * 32}


def test_freezing_the_same_digest_again_changes_nothing(ledger: Ledger) -> None:
    ledger.freeze("hello", "1.0.0", "hello.tar.gz", "aa" * 32)
    ledger.freeze("hello", "1.0.0", "hello.tar.gz", "aa" * 32)
    assert ledger.frozen("hello", "1.0.0") == {"hello.tar.gz": "aa" * 32}


def test_another_digest_is_refused_and_both_are_named(ledger: Ledger) -> None:
    ledger.freeze("hello", "1.0.0", "hello.tar.gz", "aa" * 32)
    with pytest.raises(ArtifactError) as caught:
        ledger.freeze("hello", "1.0.0", "hello.tar.gz", "bb" * 32)
    assert caught.value.code == "DF3110"
    assert "aa" * 32 in caught.value.message
    assert "bb" * 32 in caught.value.message


def test_a_refused_digest_does_not_replace_the_frozen_one(ledger: Ledger) -> None:
    ledger.freeze("hello", "1.0.0", "hello.tar.gz", "aa" * 32)
    with pytest.raises(ArtifactError):
        ledger.freeze("hello", "1.0.0", "hello.tar.gz", "bb" * 32)
    assert ledger.frozen("hello", "1.0.0") == {"hello.tar.gz": "aa" * 32}


def test_an_intent_dangles_until_its_call_returned(ledger: Ledger) -> None:
    intent = ledger.intend(KEY, "hello-linux-x64", "sha512-x")
    assert [(i.id, i.piece, i.digest, i.key) for i in ledger.open_intents(KEY)] == [
        (intent, "hello-linux-x64", "sha512-x", KEY)
    ]
    ledger.receive(intent)
    assert ledger.open_intents(KEY) == []
    assert ledger.receipts(KEY) == {"hello-linux-x64": "sha512-x"}


def test_a_dangling_intent_that_was_found_published_becomes_a_receipt(ledger: Ledger) -> None:
    ledger.settle(ledger.intend(KEY, "hello", "sha512-x"), "published")
    assert ledger.receipts(KEY) == {"hello": "sha512-x"}
    assert ledger.open_intents(KEY) == []


def test_a_dangling_intent_that_never_happened_leaves_no_receipt(ledger: Ledger) -> None:
    ledger.settle(ledger.intend(KEY, "hello", "sha512-x"), "void")
    assert ledger.receipts(KEY) == {}
    assert ledger.open_intents(KEY) == []


def test_a_later_receipt_of_an_edited_piece_replaces_the_earlier_one(ledger: Ledger) -> None:
    ledger.receive(ledger.intend(KEY, "latest", "sha256:1"))
    ledger.receive(ledger.intend(KEY, "latest", "sha256:2"))
    assert ledger.receipts(KEY) == {"latest": "sha256:2"}


def test_profiles_do_not_see_one_another(ledger: Ledger) -> None:
    ledger.receive(ledger.intend(OTHER, "hello", "sha512-x"))
    ledger.intend(OTHER, "hello-2", "sha512-y")
    assert ledger.receipts(KEY) == {}
    assert ledger.open_intents(KEY) == []


def test_what_somebody_else_published_is_a_version_but_no_receipt_of_ours(ledger: Ledger) -> None:
    presence = Presence(State.SAME, "already there", (Look("http://registry.example/hello", 200, "sha512-x"),))
    ledger.record_presence(KEY, presence)
    assert ledger.receipts(KEY) == {}
    assert ledger.published("hello", "", "npm") == ["1.0.0"]


def test_published_versions_come_oldest_first_and_once(ledger: Ledger) -> None:
    for version in ("1.0.0", "1.1.0", "1.0.1"):
        for piece in ("a", "b"):
            ledger.receive(ledger.intend(Key("hello", "", "npm", version), piece, "x"))
    assert ledger.published("hello", "", "npm") == ["1.0.0", "1.1.0", "1.0.1"]


def test_a_version_that_users_were_taken_back_from_counts_again_when_it_is_published_again(ledger: Ledger) -> None:
    for version in ("1.0.0", "1.0.1"):
        ledger.receive(ledger.intend(Key("hello", "", "npm", version), "a", "x"))
    ledger.record_left(Key("hello", "", "npm", "1.0.1"))
    assert ledger.published("hello", "", "npm") == ["1.0.0"]
    assert ledger.receipts(Key("hello", "", "npm", "1.0.1")) == {"a": "x"}

    ledger.receive(ledger.intend(Key("hello", "", "npm", "1.0.1"), "a", "x"))
    assert ledger.published("hello", "", "npm") == ["1.0.0", "1.0.1"]


def test_evidence_is_kept_replaced_and_forgotten(ledger: Ledger) -> None:
    assert ledger.evidence(KEY) is None
    ledger.record_evidence(KEY, Evidence("download", "hello", reason="npm is not on this machine"))
    ledger.record_evidence(KEY, Evidence("install", "npm 11.19", "hello 1.0.0"))
    assert ledger.evidence(KEY) == Evidence("install", "npm 11.19", "hello 1.0.0")
    ledger.forget_evidence(KEY)
    assert ledger.evidence(KEY) is None


def test_secrets_are_masked_in_what_is_kept(ledger: Ledger, reader: Reader) -> None:
    redactor.add("canary-ledger-secret")
    ledger.record_evidence(KEY, Evidence("install", "npm", "said canary-ledger-secret"))
    run = ledger.start_run("hello", "", "1.0.0", "deploy --token canary-ledger-secret")
    found = ledger.evidence(KEY)
    assert found is not None
    assert found.said == "said ***"
    stored = reader.run(run)
    assert stored is not None
    assert stored.command == "deploy --token ***"
