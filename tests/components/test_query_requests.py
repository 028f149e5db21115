"""Requests contain what was known just before an event, padded to the history width."""

from pathlib import Path

import numpy as np
import pytest

from components.examples.read import RawWindows, read_raw_windows
from components.query_requests import build_query_requests, history_lengths
from schemas import serving_specs
from tests.components.evaluator.logs import TABLE, write_windows


@pytest.fixture(scope="module")
def windows(tmp_path_factory: pytest.TempPathFactory) -> RawWindows:
    uri: Path = tmp_path_factory.mktemp("windows")
    events_u = [("a", 10, 0), ("b", 20, 1), ("c", 30, 1)]
    write_windows(str(uri), {"test": [("u", events_u), ("v", [("d", 40, 1)])]})
    return read_raw_windows(str(uri), "test", TABLE)


def test_history_has_the_preceding_events_oldest_first_padded_on_the_right(
    windows: RawWindows,
) -> None:
    requests = build_query_requests(windows, TABLE, np.array([2, 1, 3]), width=4)

    assert requests["history_item_id"].tolist() == [
        [b"a", b"b", b"", b""],
        [b"a", b"", b"", b""],
        [b"", b"", b"", b""],
    ]
    assert requests["history_timestamp"].tolist() == [
        [10, 20, -1, -1],
        [10, -1, -1, -1],
        [-1, -1, -1, -1],
    ]
    np.testing.assert_array_equal(
        requests["history_value"],
        np.array([[10 / 2, 20 / 2, np.nan, np.nan], [10 / 2] + [np.nan] * 3, [np.nan] * 4]),
    )
    assert requests["history_event_type"][0].tolist() == [b"type 10", b"type 20", b"", b""]
    assert requests["history_device"][1].tolist() == [b"device 10", b"", b"", b""]


def test_width_keeps_the_newest_events(windows: RawWindows) -> None:
    requests = build_query_requests(windows, TABLE, np.array([2]), width=1)

    assert requests["history_item_id"].tolist() == [[b"b"]]


def test_request_contains_only_time_and_context_of_the_event_itself(windows: RawWindows) -> None:
    requests = build_query_requests(windows, TABLE, np.array([2, 3]), width=2)

    assert requests["request_timestamp"].tolist() == [30, 40]
    assert requests["device"].tolist() == [b"device 30", b"device 40"]
    assert requests["battery"].tolist() == [30 / 4, 40 / 4]
    assert requests["user_id"].tolist() == [b"u", b"v"]
    assert requests["country"].tolist() == [b"country of u", b"country of v"]
    contained = {value for column in requests.values() for value in np.ravel(column).tolist()}
    assert not contained & {b"c", b"d", b"type 30", b"type 40", 30 / 2}


def test_context_is_missing_at_a_given_request_time(windows: RawWindows) -> None:
    requests = build_query_requests(windows, TABLE, np.array([2]), width=2, time_s=np.array([25]))

    assert requests["request_timestamp"].tolist() == [25]
    assert requests["device"].tolist() == [b""]
    assert np.isnan(requests["battery"]).all()
    assert requests["history_item_id"].tolist() == [[b"a", b"b"]]
    assert requests["country"].tolist() == [b"country of u"]
    assert set(requests) == set(serving_specs.query_specs(TABLE))


def test_requests_have_every_input_of_the_signature_in_its_dtype(windows: RawWindows) -> None:
    requests = build_query_requests(windows, TABLE, np.array([0, 1]), width=2)

    specs = serving_specs.query_specs(TABLE)
    assert requests.keys() == specs.keys()
    for name, spec in specs.items():
        assert requests[name].dtype == np.dtype(spec.dtype.as_numpy_dtype), name
        assert spec.shape.is_compatible_with(requests[name].shape), name


def test_history_lengths_count_from_the_start_of_the_window(windows: RawWindows) -> None:
    assert history_lengths(windows, np.arange(4)).tolist() == [0, 1, 2, 0]


def test_no_positions_give_empty_requests(windows: RawWindows) -> None:
    requests = build_query_requests(windows, TABLE, np.empty(0, np.int64), width=2)

    assert requests["history_item_id"].shape == (0, 2)
