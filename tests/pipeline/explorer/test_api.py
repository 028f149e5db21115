"""The answers to the requests of the page."""

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.explorer.bodies import MAX_HISTORY, MAX_K
from tests.pipeline.explorer.explorable_run import (
    HISTORY,
    NUM_ITEMS,
    OLD_USER,
    OTHER_USER,
    SCRIPT_TITLE,
    STRANGE_USER,
    UNAVAILABLE,
    USER,
    ExplorableRun,
    K,
)
from tests.pipeline.explorer.explorable_run import (
    MAX_K as MODEL_MAX_K,
)
from tests.pipeline.explorer.running_explorer import RunningExplorer, running_explorer
from tests.pipeline.serving.running_server import running_server
from tests.serving import oracle
from tests.serving.shop import MAX_HISTORY as MODEL_HISTORY

ALL = np.ones(NUM_ITEMS, bool)


def events(*items: str) -> list[dict[str, Any]]:
    return [{"item_id": item} for item in items]


def ids(answer: Any) -> list[str]:
    return [item["item_id"] for item in answer["items"]]


def expected(run: ExplorableRun, user: str, history: list[str], k: int, *excluded: str) -> Any:
    """The best items and their scores, by NumPy."""
    seen = [item.encode() for item in history]
    embedding = oracle.query(run.shop, user.encode(), seen)
    left_out = [*seen, *(item.encode() for item in excluded)]
    found, scores = oracle.ranking(run.shop, embedding, left_out, k, ALL)
    return [item.decode() for item in found], scores


def test_the_page_data_describe_the_run(explorer: RunningExplorer) -> None:
    status, page = explorer.get("api/page")
    assert status == 200
    assert page["models"] == [{"key": "2", "title": "2"}, {"key": "1", "title": "1 (stable)"}]
    assert page["users"] == [USER, OTHER_USER]
    assert (page["name"], page["items"], page["has_titles"]) == ("shop", NUM_ITEMS, True)
    assert (page["k"], page["max_k"], page["max_history"]) == (K, MODEL_MAX_K, MODEL_HISTORY)
    assert page["max_events"] == MAX_HISTORY
    assert [number["name"] for number in page["numbers"]] == ["price"]
    assert set(page["categories"]) == {"colour", "tags"}


def test_users_and_their_histories(explorer: RunningExplorer) -> None:
    assert explorer.get("api/users", q="a") == (200, {"users": [USER]})
    _, found = explorer.get("api/history", q=USER)
    assert [event["item_id"] for event in found["events"]] == HISTORY
    assert found["events"][0]["item"]["title"] == "Thing 1"
    for user in (STRANGE_USER, OLD_USER):
        assert explorer.get("api/history", q=user)[1]["user"] == user
        assert explorer.get("api/history", q=user)[1]["events"]
    # The second id is as long as ids in the bodies of requests may be.
    for user in ("nobody", "n" * 1_000):
        assert explorer.get("api/history", q=user) == (200, {"user": user, "events": None})


def test_items_are_found_by_title(explorer: RunningExplorer) -> None:
    _, found = explorer.get("api/items", q="cafe")
    assert [item["item_id"] for item in found["items"]] == ["item5"]
    _, found = explorer.get("api/items", q="<script>")
    assert [item["title"] for item in found["items"]] == [SCRIPT_TITLE]


@pytest.mark.parametrize("model", ["1", "2"])
def test_recommendations_are_those_of_the_version(
    explorer: RunningExplorer, run: ExplorableRun, model: str
) -> None:
    history = ["item1", "item2"]
    body = {"model": model, "user": USER, "history": events(*history), "k": 6}
    status, answer = explorer.post("api/recommend", body)
    unavailable = [UNAVAILABLE] if model == "2" else []
    items, scores = expected(run, USER, history, 6, *unavailable)
    assert status == 200
    assert ids(answer) == items
    np.testing.assert_allclose([item["score"] for item in answer["items"]], scores, rtol=1e-5)
    assert answer["unknown"] == []


def test_a_history_of_the_log_is_accepted_with_its_columns(
    explorer: RunningExplorer, run: ExplorableRun
) -> None:
    _, found = explorer.get("api/history", q=USER)
    history = [{k: v for k, v in event.items() if k != "item"} for event in found["events"]]
    body = {"model": "1", "user": USER, "history": [*history, {"item_id": "item9"}], "k": 5}
    assert (
        ids(explorer.post("api/recommend", body)[1])
        == expected(run, USER, [*HISTORY, "item9"], 5)[0]
    )
    # A column that this version does not read is left out.
    for event in history:
        event["colour_of_page"] = "blue"
    body["history"] = [*history, {"item_id": "item9"}]
    assert explorer.post("api/recommend", body)[0] == 200


def test_items_of_the_history_that_the_version_lacks_are_named(explorer: RunningExplorer) -> None:
    history = [*(f"item{row}" for row in range(MODEL_MAX_K + 3)), UNAVAILABLE, "gone"]
    for model, missing in (("1", ["gone"]), ("2", [UNAVAILABLE, "gone"])):
        body = {"model": model, "history": events(*history)}
        unknown = explorer.post("api/recommend", body)[1]["unknown"]
        assert [item["item_id"] for item in unknown] == missing


def test_conditions_reach_the_model(explorer: RunningExplorer) -> None:
    body: dict[str, Any] = {"model": "1", "user": USER, "k": 8}
    plain = ids(explorer.post("api/recommend", body)[1])
    body |= {
        "exclude": plain[:1],
        "filters": {"colour": ["red"], "tags": []},
        "bounds": {"price": [3, 30.5]},
    }
    _, answer = explorer.post("api/recommend", body)
    assert answer["items"]
    for item in answer["items"]:
        assert item["item_id"] != plain[0]
        assert item["details"][0] == "red"
        assert 3 <= float(item["details"][-1].removeprefix("price ")) <= 30.5
    _, heavy = explorer.post("api/recommend", {**body, "boosts": {"price": 100.0}})
    prices = [float(item["details"][-1].removeprefix("price ")) for item in heavy["items"]]
    assert prices == sorted(prices, reverse=True)


def test_neighbours_are_the_similar_items(explorer: RunningExplorer) -> None:
    _, answer = explorer.post("api/similar", {"model": "1", "item_id": "item3"})
    assert answer["item"]["title"] == "Thing 3"
    assert len(answer["items"]) == K
    assert "item3" not in ids(answer)
    assert explorer.post("api/similar", {"model": "1", "item_id": "gone"})[1]["items"] == []


def test_effects_are_the_dot_products_of_the_vectors(
    explorer: RunningExplorer, run: ExplorableRun
) -> None:
    body = {"model": "1", "user": USER, "history": events(*HISTORY), "k": 6}
    _, listed = explorer.post("api/recommend", body)
    users = [oracle.query(run.shop, user, []) for user in (USER.encode(), b"")]
    signs = set()
    for rank, item in enumerate(listed["items"], start=1):
        more = {"item_id": item["item_id"], "shown": ids(listed)}
        status, answer = explorer.post("api/explain", {**body, **more})
        assert status == 200
        vector = run.shop.vectors[int(item["item_id"].removeprefix("item"))]
        terms = {row: float(run.shop.vectors[row] @ vector) for row in (1, 2, 3)}
        assert [effect["item_id"] for effect in answer["items"]] == ["item3", "item1", "item2"]
        found = [effect["effect"] for effect in answer["items"]]
        # The history has item1 twice.
        np.testing.assert_allclose(found, [terms[3], 2 * terms[1], terms[2]], atol=1e-4)
        signs |= {effect > 0 for effect in found}
        assert answer["user"] == pytest.approx(float((users[0] - users[1]) @ vector), abs=1e-4)
        assert answer["start"] == pytest.approx(float(users[1] @ vector), abs=1e-4)
        assert answer["joint"] == pytest.approx(0.0, abs=1e-4)
        assert answer["score"] == pytest.approx(item["score"], rel=1e-5)
        assert answer["rank"] == rank
        assert answer["item"]["title"] == item["title"]
    assert signs == {True, False}


def test_only_the_events_that_the_model_reads_are_explained(explorer: RunningExplorer) -> None:
    history = events(*(f"item{row}" for row in range(10, 10 + MODEL_HISTORY + 2)))
    body = {"model": "1", "history": history, "item_id": "item3", "shown": ["item3"]}
    _, answer = explorer.post("api/explain", body)
    assert answer["unread"] == 2
    assert [item["item_id"] for item in answer["items"]] == [
        event["item_id"] for event in reversed(history[2:])
    ]


def test_an_item_of_the_history_is_not_explained(explorer: RunningExplorer) -> None:
    body = {"model": "1", "history": events("item1"), "item_id": "item1", "shown": []}
    status, answer = explorer.post("api/explain", body)
    assert status == 400
    assert answer["error"].startswith("item1: this version does not recommend the item")


RECOMMEND = "api/recommend"


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        (RECOMMEND, b"", "Invalid JSON"),
        (RECOMMEND, b"[" * 1000, "Invalid JSON"),
        (RECOMMEND, b'{"model": "\xff"}', "Invalid JSON"),
        (RECOMMEND, [], "Input should be an object"),
        (RECOMMEND, {}, "model: Field required"),
        (RECOMMEND, {"model": 1}, "model: Input should be a valid string"),
        (RECOMMEND, {"model": "1", "more": 1}, "more: Extra inputs are not permitted"),
        (RECOMMEND, {"model": "1", "k": 0}, "k: Input should be greater than or equal to 1"),
        (RECOMMEND, {"model": "1", "k": MAX_K + 1}, "k: Input should be less than or equal to"),
        (RECOMMEND, {"model": "1", "user": "u" * 1001}, "user: String should have at most 1000"),
        (RECOMMEND, {"model": "1", "history": [{}]}, "history: Value error, event 0: expected"),
        (RECOMMEND, {"model": "1", "history": ["a"]}, "history.0: Input should be an object"),
        (RECOMMEND, {"model": "1", "history": [{"item_id": 3}]}, "history: Value error, event 0"),
        (
            RECOMMEND,
            {"model": "1", "history": [{"item_id": "a", "timestamp": 2**70}]},
            "history_timestamp: expected DT_INT64",
        ),
        (
            RECOMMEND,
            {"model": "1", "history": [{"item_id": "a", "timestamp": "now"}]},
            "history_timestamp: expected DT_INT64",
        ),
        (
            RECOMMEND,
            {"model": "1", "history": events(*["a"] * (MAX_HISTORY + 1))},
            "history: List should have at most 500 items",
        ),
        (RECOMMEND, {"model": "1", "filters": {"size": ["s"]}}, "filter_size: no input of this"),
        (RECOMMEND, {"model": "1", "bounds": {"price": [1]}}, "bounds.price: List should have at"),
        (RECOMMEND, b'{"model": "1", "boosts": {"price": NaN}}', "boosts.price: Input should be a"),
        ("api/similar", {"model": "1", "item_id": ""}, "item_id: String should have at least 1"),
        ("api/explain", {"model": "1"}, "item_id: Field required"),
    ],
)
def test_requests_that_are_refused(
    explorer: RunningExplorer, path: str, body: Any, message: str
) -> None:
    status, answer = explorer.post(path, body)
    assert status == 400
    assert answer["error"].startswith(message)


@pytest.mark.parametrize("model", ["3", "x", "", "server-1", "²", "1" * 20, "-1"])
def test_an_unknown_model_is_not_found(explorer: RunningExplorer, model: str) -> None:
    status, answer = explorer.post("api/similar", {"model": model, "item_id": "a"})
    assert status == 404
    assert "reload the page" in answer["error"]


def test_queries_are_limited(explorer: RunningExplorer) -> None:
    for path in ("api/users", "api/history", "api/items"):
        for query in ({}, {"q": "a" * 1_001}):
            status, answer = explorer.get(path, **query)
            assert (status, answer["error"][:2]) == (400, "q:")


def test_a_server_can_be_compared_with(run: ExplorableRun) -> None:
    """The same version answers in this process and behind a server, until the server stops."""
    body = {"user": USER, "history": events(*HISTORY), "k": 5, "boosts": {"price": 0.5}}

    def answer(path: str, model: str, **more: Any) -> Any:
        return explorer.post(path, {**body, **more, "model": model})

    with ExitStack() as stack:
        server = stack.enter_context(running_server(run.versions))
        addresses = [
            server.model_url,
            f"grpc://127.0.0.1:{server.server.grpc_port}/shop/labels/stable",
        ]
        with running_explorer(run.folder, addresses) as explorer:
            _, page = explorer.get("api/page")
            assert [model["title"] for model in page["models"]][2:] == addresses
            assert answer("api/recommend", "server-1") == answer("api/recommend", "2")
            status, listed = answer("api/recommend", "server-2")
            assert (status, listed) == answer("api/recommend", "1")
            item = listed["items"][0]["item_id"]
            explained = answer("api/explain", "server-2", item_id=item, shown=ids(listed))
            assert explained == answer("api/explain", "1", item_id=item, shown=ids(listed))
            assert explained[0] == 200

            stack.close()
            status, stopped = answer("api/recommend", "server-1")
            assert status == 503
            assert stopped["error"].startswith(f"{addresses[0]}: UNAVAILABLE")


def test_without_artifacts_the_items_are_those_of_the_version(
    run: ExplorableRun, tmp_path: Path
) -> None:
    (tmp_path / "run.json").write_bytes((run.folder / "run.json").read_bytes())
    (tmp_path / "serving").symlink_to(run.folder / "serving")
    with running_explorer(tmp_path) as explorer:
        _, page = explorer.get("api/page")
        assert (page["items"], page["has_titles"], page["users"]) == (NUM_ITEMS, False, [])
        assert explorer.get("api/items", q="item23")[1] == {
            "items": [{"item_id": "item23", "title": "", "details": []}]
        }
        assert explorer.post("api/recommend", {"model": "1", "user": USER})[0] == 200
