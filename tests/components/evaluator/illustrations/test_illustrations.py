"""Users with their lists, misses and the map, for a model whose ranking is known."""

import json
from typing import Any

import numpy as np
import pytest

from components.current_model.state import CurrentModelState
from components.evaluator.evaluate import evaluate
from components.evaluator.illustrations import item_map as item_map_module
from components.evaluator.illustrations.item_map import item_map
from components.evaluator.illustrations.shown_items import MAX_CATEGORIES, ShownItems
from components.examples.read import RawCatalogue
from schemas.evaluation_settings import EvaluationSettings
from schemas.features import FeatureTable, feature_table
from schemas.settings import DataSettings, from_dict
from tests.components.evaluator.logs import (
    SETTINGS,
    data_settings,
    save_successor_model,
    write_catalogue,
    write_windows,
)

NUM_ITEMS = 20
ITEMS = [f"item {n:02}" for n in range(NUM_ITEMS)]


@pytest.fixture(scope="module")
def uris(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """User n has n + 1 items in train; then two items in test: the next, and the one before it."""
    root = tmp_path_factory.mktemp("log")
    train, test = [], []
    for user in range(8):
        past = [(ITEMS[n], 100 * n + user, 1) for n in range(user + 1)]
        later = [(ITEMS[user + 1], 5000 + user, 1), (ITEMS[19 - user // 2], 6000 + user, 1)]
        train.append((f"user {user}", past))
        test.append((f"user {user}", [(i, t, 0) for i, t, _ in past][-3:] + later))
    return {
        "windows": write_windows(str(root / "windows"), {"train": train, "eval": [], "test": test}),
        "catalogue": write_catalogue(str(root / "catalogue"), ITEMS),
        "model": save_successor_model(str(root / "model"), ITEMS),
    }


def illustrations(uris: dict[str, str], **changes: Any) -> dict[str, Any]:
    result = evaluate(
        model_path=uris["model"],
        windows_uri=uris["windows"],
        catalogue_uri=uris["catalogue"],
        served=CurrentModelState(),
        data=data_settings(**changes),
        settings=EvaluationSettings(cutoffs=(1, 10), bootstrap_samples=20),
    )
    found: dict[str, Any] = result["illustrations"]
    return found


@pytest.fixture(scope="module")
def found(uris: dict[str, str]) -> dict[str, Any]:
    return illustrations(uris)


def test_users_range_from_the_fewest_to_the_most_past_events(found: dict[str, Any]) -> None:
    users, ids = found["users"], found["items"]["id"]
    past = [user["past_events"] for user in users]
    assert past == sorted(past)
    assert (past[0], past[-1]) == (1, 8)
    for user in users:
        number = user["past_events"] - 1
        history = [ids[item] for item in user["history"]]
        # The request before the first target shows the last three items, newest first.
        assert history == ITEMS[max(0, number - 2) : number + 1][::-1]
        assert ids[user["recommended"][0]] == ITEMS[number + 1]
        withheld = {ids[item]: rank for item, rank in user["withheld"]}
        assert set(withheld) == {ITEMS[number + 1], ITEMS[19 - number // 2]}
        assert withheld[ITEMS[number + 1]] == 1
        # All other candidates are tied, and ties count against the model.
        assert withheld[ITEMS[19 - number // 2]] == NUM_ITEMS - user["past_events"]
        assert user["num_withheld"] == 2


def test_misses_are_the_targets_with_the_lowest_ranks(found: dict[str, Any]) -> None:
    ids = found["items"]["id"]
    lowest = found["misses"]["lowest"]
    ranks = [miss["rank"] for miss in lowest]
    assert ranks == sorted(ranks, reverse=True)
    targets = [ids[miss["item"]] for miss in lowest]
    assert len(set(targets)) == len(targets)
    assert targets[0] in ITEMS[16:]
    for miss in lowest:
        assert 1 <= miss["baseline_rank"] <= NUM_ITEMS
        # An item is in the training of the users after it.
        assert miss["train_events"] == max(0, 8 - ITEMS.index(ids[miss["item"]]))
    for miss in found["misses"]["lost"]:
        assert miss["rank"] > 10 >= miss["baseline_rank"]


def test_no_user_id_is_among_the_values_and_nothing_depends_on_chance(
    uris: dict[str, str], found: dict[str, Any]
) -> None:
    text = json.dumps(found, allow_nan=False)
    assert "user " not in text
    assert json.dumps(illustrations(uris)) == text


def test_records_are_left_out_if_they_must_not_be_shown(uris: dict[str, str]) -> None:
    found = illustrations(uris, rejects={"raw": False})
    assert found["users"] is found["misses"] is None
    assert len(found["map"]["points"]) == NUM_ITEMS


def test_the_map_has_popular_and_random_items(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(item_map_module, "MAX_ITEMS", 40)
    generator = np.random.default_rng(0)
    embeddings = generator.normal(size=(100, 8)).astype(np.float32)
    counts = generator.permutation(100)
    catalogue = RawCatalogue(np.array([b"%d" % n for n in range(100)], object), counts, {})
    maps = [
        item_map(embeddings, counts, ShownItems(catalogue, FeatureTable()), seed)
        for seed in (1, 1, 2)
    ]
    assert maps[0] == maps[1] != maps[2]
    assert all(found["sampled"] for found in maps)
    events = [event for *_, event in maps[0]["points"]]
    assert len(events) == 40
    assert events[:20] == list(range(99, 79, -1))
    assert len(set(events)) == 40


@pytest.mark.parametrize("num_items", [1, 3, 5])
def test_a_small_or_collapsed_catalogue_has_a_map(num_items: int) -> None:
    ids = np.array([b"%d" % n for n in range(num_items)], object)
    catalogue = RawCatalogue(ids, np.zeros(num_items, np.int64), {})
    found = item_map(
        np.ones((num_items, 4), np.float32),
        np.zeros(num_items, np.int64),
        ShownItems(catalogue, FeatureTable()),
        seed=1,
    )
    assert len(found["points"]) == num_items
    assert np.isfinite([point[1:3] for point in found["points"]]).all()


def test_items_on_one_direction_are_neighbours_on_the_map() -> None:
    generator = np.random.default_rng(3)
    group = np.repeat(np.arange(4), 30)
    embeddings = np.eye(4, 16)[group] * 5 + generator.normal(size=(120, 16))
    catalogue = RawCatalogue(np.array([b"%d" % n for n in range(120)], object), group, {})
    found = item_map(
        embeddings.astype(np.float32),
        np.arange(120, 0, -1),
        ShownItems(catalogue, FeatureTable()),
        seed=1,
    )
    places = np.array([point[1:3] for point in found["points"]])
    distances = np.linalg.norm(places[:, None] - places[None], axis=2) + np.eye(120) * 1e9
    assert (group[distances.argmin(axis=1)] == group).mean() > 0.9


def test_texts_of_items_are_titles_and_frequent_categories() -> None:
    features = {
        "name": {"kind": "text"},
        "colour": {"kind": "category"},
        "tags": {"kind": "categories"},
    }
    settings = from_dict(
        DataSettings, {**SETTINGS, "items": {**SETTINGS["items"], "features": features}}
    )
    size = 40
    colours = [b"%d" % min(n, 15) for n in range(size)]
    catalogue = RawCatalogue(
        np.array([b"id %d" % n for n in range(size)], object),
        np.zeros(size, np.int64),
        {
            "name": np.array([b"long  title " * 20, *[b"t"] * (size - 1)], object),
            "colour": np.array([b"", *colours[1:]], object),
            "tags": np.array([[b"%d" % n, b"x"] for n in range(size)], object),
        },
    )
    items = ShownItems(catalogue, feature_table(settings))
    assert items.numbers(np.array([7, -1, 0, 7])) == [0, 1, 0]
    items.numbers(np.arange(size))

    shown = items.to_json()
    assert shown["id"][:2] == ["id 7", "id 0"]
    assert shown["title"][1].startswith("long title long title")
    assert len(shown["title"][1]) == 120
    # Of the two category features, the one with fewer values determines the colours.
    assert shown["category_feature"] == "colour"
    assert shown["category"][1] == "(missing)"
    assert len(set(shown["category"]) - {"(missing)", "(others)"}) == MAX_CATEGORIES


def test_items_without_features_have_ids_only() -> None:
    catalogue = RawCatalogue(np.array([b"a"], object), np.zeros(1, np.int64), {})
    items = ShownItems(catalogue, FeatureTable())
    items.numbers(np.array([0]))
    assert items.to_json() == {
        "id": ["a"],
        "title": None,
        "category": None,
        "category_feature": None,
    }
