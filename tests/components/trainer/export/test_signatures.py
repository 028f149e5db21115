"""The query signature merges consecutive events of one item if repeats are not recommended."""

import numpy as np
import numpy.typing as npt
import pytest
import tensorflow as tf
import tensorflow_transform as tft

from components.trainer.export.signatures import QuerySignature
from schemas import serving_specs
from schemas.features import feature_table
from tests.components.trainer.conftest import Exported
from tests.components.trainer.export.test_saved_model import TOLERANCE, Request, request_of

PAST = 5
# Events 1 to 3 have one item.
RUN = slice(1, 4)


def embedded(rich: Exported, request: Request) -> npt.NDArray[np.float32]:
    dataset, trained = rich.dataset, rich.trained
    table = feature_table(dataset.settings)
    signature = QuerySignature(
        trained.towers,
        trained.candidates,
        tft.TFTransformOutput(dataset.graphs.windows).transform_features_layer(),
        table,
        dataset.settings.history.max_length,
        users=None,
    )
    specs = serving_specs.query_specs(table)
    return signature({n: tf.constant(request[n], spec.dtype) for n, spec in specs.items()}).numpy()


def merged_by_hand(request: Request) -> Request:
    """Merges the run: time and context of its first event, type and value of its last."""
    first, last = RUN.start, RUN.stop - 1
    events = {name: value for name, value in request.items() if name.startswith("history_")}
    kept = {
        name: last if name in ("history_event_type", "history_value") else first for name in events
    }
    return request | {
        name: np.concatenate(
            [value[:, :first], value[:, [kept[name]]], value[:, RUN.stop :]], axis=1
        )
        for name, value in events.items()
    }


def run_request(rich: Exported) -> Request:
    request = request_of(rich.dataset.train[2], PAST)
    request["history_item_id"][0, RUN] = b"i1"
    request["history_item_id"][0, [0, 4]] = b"i2"
    request["history_event_type"][0, RUN] = [b"like", b"view", b"like"]
    return request


def test_a_run_has_the_embedding_of_one_event(
    rich: Exported, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rich.trained.towers, "excludes_history", True)
    request = run_request(rich)

    query = embedded(rich, request)

    np.testing.assert_allclose(query, embedded(rich, merged_by_hand(request)), atol=TOLERANCE)
    monkeypatch.setattr(rich.trained.towers, "excludes_history", False)
    assert np.abs(query - embedded(rich, request)).max() > 1e-3


def test_a_run_of_an_unknown_item_is_merged_too(
    rich: Exported, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rich.trained.towers, "excludes_history", True)
    request = run_request(rich)
    request["history_item_id"][0, RUN] = b"newer than the model"

    query = embedded(rich, request)

    np.testing.assert_allclose(query, embedded(rich, merged_by_hand(request)), atol=TOLERANCE)


def test_the_request_is_never_merged_into_a_run(
    rich: Exported, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = run_request(rich)
    request["history_item_id"][0, [0, 4]] = [b"unknown", b"also unknown"]
    apart = {**request, "history_item_id": request["history_item_id"].copy()}
    apart["history_item_id"][0, RUN] = [b"i1", b"i2", b"i1"]
    monkeypatch.setattr(rich.trained.towers, "excludes_history", True)

    without_runs = embedded(rich, apart)

    monkeypatch.setattr(rich.trained.towers, "excludes_history", False)
    np.testing.assert_allclose(without_runs, embedded(rich, apart), atol=TOLERANCE)
