"""Exported bundles in the TensorFlow version of the last TF Serving release with ScaNN.

ScaNN's brute force with trained towers is tested in `tests/pipeline/runners/test_local_run.py`.
"""

from pathlib import Path

import numpy as np
import pytest

from components.indexer.model.warmup import Request, read_requests, write_requests
from components.indexer.search import query_kind, search_plan
from components.indexer.search.search_plan import SearchKind
from schemas import serving
from schemas.bundle import WARMUP_FILE
from schemas.serving_settings import IndexSettings
from tests.serving.exported_bundle import export_index
from tests.serving.older_server import Answers, Job, check_older_server_agrees, differences
from tests.serving.requests import recommend_request
from tests.serving.shop import Shop, make_shop

NUM_ITEMS = 6000
NUM_FEW_ITEMS = 300
DIM = 32
INVERTED_FILE = "inverted file"
BUNDLES = {
    "tree": (NUM_ITEMS, IndexSettings(k=20, max_k=50, num_leaves=80), SearchKind.SCANN_TREE_HASH),
    "hash": (
        NUM_ITEMS,
        # The time limit prevents a second index, which might be a tree.
        IndexSettings(k=20, max_k=50, tuning_seconds=1e-3),
        SearchKind.SCANN_HASH,
    ),
    # The low target makes sure that the twin has an inverted file.
    INVERTED_FILE: (
        NUM_ITEMS,
        IndexSettings(k=20, max_k=50, tuning_seconds=1e-3, recall_target=0.2),
        SearchKind.SCANN_HASH,
    ),
    # A leaf has 3 items on average, so that most rows need exact search.
    "narrow": (
        NUM_FEW_ITEMS,
        IndexSettings(k=20, max_k=50, num_leaves=100, num_leaves_to_search=1, recall_target=0.01),
        SearchKind.SCANN_TREE_HASH,
    ),
}


def _branches(shop: Shop) -> list[Request]:
    """Returns requests that take branches of the graph that the warm-up requests do not."""
    ids = shop.item_id
    request = recommend_request(
        shop,
        [ids[:3], ["gone"], [], ids[5:6]],
        users=["user1", "nobody", "", "user4"],
        exclude=[ids[3:6], [], ["gone"], []],
        colours=[["red", "blue"], ["purple"], [], []],
        tags=[["sale"], [], [], []],
        k=[50, 5, -1, 1000],
    )
    return [(serving.RECOMMEND, request)]


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Path, Path]]:
    """The bundles and the files of their requests."""
    folder = tmp_path_factory.mktemp("older")
    shops = {
        num_items: make_shop(str(folder / f"shop-{num_items}"), num_items, DIM)
        for num_items in (NUM_ITEMS, NUM_FEW_ITEMS)
    }
    made = []
    for name, (num_items, settings, kind) in BUNDLES.items():
        shop, bundle = shops[num_items], folder / name
        with pytest.MonkeyPatch.context() as patch:
            if name == INVERTED_FILE:
                patch.setattr(search_plan, "MIN_INVERTED_FILE_ITEMS", NUM_ITEMS)
                patch.setattr(query_kind, "exact_ms", lambda kind: 1e6)
            index, report = export_index(
                shop.model, shop.catalogue, shop.windows, str(bundle), shop.data, settings
            )
        assert index.plan.kind is kind, index.plan.reason
        twin_kind = SearchKind.INVERTED_FILE if name == INVERTED_FILE else SearchKind.EXACT
        assert report["twin"]["kind"] == twin_kind.value, report["twin"]["reason"]
        requests = folder / f"requests-{name}"
        warmup = read_requests(str(bundle / "scann" / WARMUP_FILE))
        write_requests(str(requests), [*warmup, *_branches(shop)])
        made.append((bundle, requests))
    return made


@pytest.mark.slow
@pytest.mark.parametrize("model", ["scann", "portable"])
def test_older_tensorflow_gives_the_same_answers(
    bundles: list[tuple[Path, Path]], tmp_path: Path, model: str
) -> None:
    jobs = [Job(bundle / model, requests) for bundle, requests in bundles]
    check_older_server_agrees(tmp_path, jobs, scann=model == "scann")


def _ranking(ids: list[bytes], scores: list[float]) -> Answers:
    answer = {"item_id": np.array([ids], object), "score": np.array([scores], np.float32)}
    return [(serving.RECOMMEND, answer)]


EXPECTED = _ranking([b"a", b"b", b"c", b""], [2.0, 1.0, 1.0, serving.PADDING_SCORE])
CUT = _ranking([b"a", b"b"], [2.0, 1.0])


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (EXPECTED, EXPECTED),
        (
            _ranking([b"a", b"c", b"b", b""], [2.000001, 1.0, 1.0, serving.PADDING_SCORE]),
            EXPECTED,
        ),
        (_ranking([b"a", b"c"], [2.0, 1.0]), CUT),
    ],
)
def test_items_with_equal_scores_may_change_places(found: Answers, expected: Answers) -> None:
    assert differences(found, expected) == []


@pytest.mark.parametrize(
    ("found", "expected", "fault"),
    [
        (_ranking([b"b", b"a"], [2.0, 1.0]), CUT, "other items"),
        (_ranking([b"c", b"b"], [2.0, 1.0]), CUT, "other items"),
        (_ranking([b"a", b"b"], [2.0, 1.001]), CUT, "scores differ"),
        (
            _ranking([b"a", b"b", b"", b""], [2.0, 1.0, *[serving.PADDING_SCORE] * 2]),
            EXPECTED,
            "scores differ",
        ),
        (EXPECTED, CUT, "expected"),
        (
            [(serving.QUERY_EMBEDDING, {"embedding": np.array([[1.0, 2.0]])})],
            [(serving.QUERY_EMBEDDING, {"embedding": np.array([[1.0, 2.1]])})],
            "embeddings differ",
        ),
    ],
)
def test_differences_are_reported(found: Answers, expected: Answers, fault: str) -> None:
    (difference,) = differences(found, expected)
    assert fault in difference
