"""Groups of traffic: the log of the evaluated requests has the measures of the evaluation."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf

from components.examples.read import read_raw_catalogue
from components.id_normalisation import IdNormaliser
from components.indexer.model.candidates import embed_candidates
from components.indexer.model.held_out_requests import read_held_out_requests
from components.indexer.model.sample_requests import to_examples, unrestricted_inputs
from components.indexer.model.serving_model import ServingOptions
from components.indexer.model.towers import Towers
from components.indexer.model.tuning_queries import other_queries, user_queries
from components.indexer.search.exact import ExactSearch
from components.indexer.served_reference import served_reference
from components.served_lists import ListMeasures
from components.served_reference import ServedReference
from components.user_hash import hashed_user_id
from pipeline.monitor.groups import evaluated_measures, groups, served_measures
from pipeline.monitor.traffic import read_traffic
from pipeline.monitor.versions import VersionFacts
from pipeline.serving.traffic_record import AnsweredRequest, RecordSettings, records
from schemas import serving
from schemas import traffic as t
from tests.pipeline.monitor.traffic_files import record, traffic
from tests.serving.in_memory import call, signatures_of
from tests.serving.shop import MAX_HISTORY, make_shop

K = 8
KEY = b"0123456789abcdef"
USERS = frozenset(f"user{number}" for number in range(12))


def without_rounding(measures: ListMeasures) -> ListMeasures:
    """Returns measures with medians rounded to what float32 distinguishes."""
    scores = {
        rank: replace(each, median=None if each.median is None else round(each.median, 4))
        for rank, each in measures.scores.items()
    }
    return replace(measures, scores=scores)


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory: pytest.TempPathFactory) -> tuple[ServedReference, dict[str, Any]]:
    """The reference of a shop, and for each signature the requests of it with their answers."""
    shop = make_shop(str(tmp_path_factory.mktemp("shop")), 60)
    towers = Towers(shop.model)
    candidates = embed_candidates(
        towers, read_raw_catalogue(shop.catalogue, shop.table), shop.table
    )
    held_out = read_held_out_requests(shop.windows, shop.table, MAX_HISTORY, 50)
    options = ServingOptions(shop.table, K, K, MAX_HISTORY, exclude_history=True)
    queries = {
        serving.RECOMMEND: user_queries(towers, candidates, held_out, options),
        serving.DEFAULT: other_queries(towers, candidates, held_out, options)[serving.DEFAULT],
    }
    exact = ExactSearch(tf.Variable(candidates.embedding))
    reference = served_reference(held_out, queries, exact, candidates, USERS, K)
    recommend = {**held_out.requests, **unrestricted_inputs(shop.table, len(held_out), K)}
    requests = {
        serving.RECOMMEND: recommend,
        serving.DEFAULT: {name: recommend[name] for name in ("user_id", "history_item_id")},
        serving.RECOMMEND_EXAMPLES: {serving.EXAMPLES: to_examples(recommend)},
    }
    signatures = signatures_of(shop, k=K, max_k=K)
    return reference, {
        name: (inputs, call(signatures[name], inputs)) for name, inputs in requests.items()
    }


@pytest.mark.parametrize("key", [b"", KEY])
@pytest.mark.parametrize("signature", t.SIGNATURES)
def test_the_log_of_the_evaluated_requests_has_the_measures_of_the_evaluation(
    evaluated: tuple[ServedReference, dict[str, Any]], tmp_path: Path, signature: str, key: bytes
) -> None:
    reference, answers = evaluated
    answered = AnsweredRequest("shop", 7, "", "", signature, 1_000, *answers[signature])
    lines = records(answered, RecordSettings(key=key), IdNormaliser())
    (tmp_path / "log.jsonl").write_bytes(b"".join(lines))
    users = frozenset(hashed_user_id(user, key) for user in USERS) if key else USERS
    facts = VersionFacts(7, reference, "", frozenset(reference.item_ids), users)

    read = read_traffic([str(tmp_path)], "shop")
    (group,) = groups(read)

    expected = evaluated_measures(group, facts)
    assert expected is not None
    assert without_rounding(served_measures(read, group, facts)) == without_rounding(expected)
    assert expected.num_requests == 50
    assert expected.unknown_users is not None
    assert 0 < expected.unknown_users.count < 50
    assert set(expected.items) == {1, 2, 5}


def test_groups_are_labels_versions_and_signatures(tmp_path: Path) -> None:
    values = [
        {t.LABEL: "stable", t.VERSION: 1},
        {t.LABEL: "canary", t.VERSION: 2},
        {t.LABEL: "stable", t.VERSION: 1},
        {t.LABEL: "", t.VERSION: 2},
        {t.LABEL: "stable", t.VERSION: 2},
        {t.LABEL: "stable", t.VERSION: 1, t.SIGNATURE: "recommend"},
    ]
    read = traffic(tmp_path, [record("u", 1.0, values=each) for each in values])

    found = list(groups(read))

    assert [(group.name, group.rows.tolist()) for group in found] == [
        ("no label, version 2, serving_default", [3]),
        ("label canary, version 2, serving_default", [1]),
        ("label stable, version 1, recommend", [5]),
        ("label stable, version 1, serving_default", [0, 2]),
        ("label stable, version 2, serving_default", [4]),
    ]


def test_ids_are_compared_with_those_of_the_version(tmp_path: Path) -> None:
    rows = [
        record("u1", 1.0, values={t.HISTORY_ITEM_IDS: ["a", "gone"]}),
        record("", 2.0, values={t.HISTORY_ITEM_IDS: ["lost"], t.HISTORY_LENGTH: 300}),
        record("u2", 3.0, "a", values={t.HISTORY_ITEM_IDS: []}),
    ]
    read = traffic(tmp_path, rows)
    reference = ServedReference("test", 100, {}, ("a", "b"))
    facts = VersionFacts(1, reference, "", frozenset("ab"), frozenset({"u2"}))
    (group,) = groups(read)

    measures = served_measures(read, group, facts)

    assert evaluated_measures(group, facts) is None
    assert measures.unknown_items is not None
    assert (measures.unknown_items.count, measures.unknown_items.total) == (2, 3)
    assert measures.unknown_users is not None
    assert (measures.unknown_users.count, measures.num_users) == (2, 3)
    assert measures.short_lists.count == 1
    assert measures.scores[2].median == pytest.approx(0.9)
