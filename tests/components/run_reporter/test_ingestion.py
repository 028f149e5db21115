"""Counts of ingestion by source and by reason."""

from components.run_reporter.ingestion import (
    catalogue_facts,
    items_without_kept_event,
    rejects_by_reason,
    sources,
)

LOG = {
    "read": 10,
    "kept": 6,
    "rejects": {"duplicate": 3, "late": 1},
    "users_file": {"read": 5, "kept": 3, "rejects": {"duplicate": 2}},
}
ITEMS = {"read": 4, "kept": 4, "rejects": {"late": 0}, "items": 9, "logged_only": 5}


def test_every_source_that_was_read_is_listed() -> None:
    read = sources(LOG, ITEMS)
    assert [(s.name, s.read, s.kept, s.rejected) for s in read] == [
        ("log", 10, 6, 3 + 1),
        ("users file", 5, 3, 2),
        ("items file", 4, 4, 0),
    ]
    assert all(source.read == source.kept + source.rejected for source in read)
    no_users = {**LOG, "users_file": None}
    no_items = {**ITEMS, "read": 0}
    assert [source.name for source in sources(no_users, no_items)] == ["log"]
    assert sources(None, None) == []


def test_reasons_are_sorted_by_frequency_and_listed_only_with_records() -> None:
    assert rejects_by_reason(sources(LOG, ITEMS)) == [("duplicate", [3, 2, 0]), ("late", [1, 0, 0])]


def test_catalogue_facts_contain_the_counts_that_are_not_missing() -> None:
    facts = catalogue_facts({**ITEMS, "never_logged": None})
    assert list(facts.values()) == [9, 5]
    assert catalogue_facts({"never_logged": 0}) == {"items never logged": 0}
    assert catalogue_facts(None) == {}


def test_candidates_without_a_kept_event_are_counted_if_both_steps_ran() -> None:
    log = {**LOG, "items": 7}
    assert items_without_kept_event(log, ITEMS) == 9 - 7
    assert catalogue_facts(ITEMS, log)["items without a kept event"] == 9 - 7
    assert items_without_kept_event(log, {**ITEMS, "items": 7}) == 0
    assert items_without_kept_event(None, ITEMS) is None
    assert items_without_kept_event(log, None) is None
