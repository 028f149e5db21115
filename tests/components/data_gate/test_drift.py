"""The gate on drift: which events pass, which are rejected, and the reason of a rejection."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from components.config_schema.build import DEFAULT_NUMBER_DRIFT, build_schemas
from components.data_gate.drift import MAX_MISSING_DRIFT, drift_gate
from components.data_gate.record_search import find_no_records
from components.gate import GateResult
from tests.components.data_gate.statistics import NAN, TABLE, Column, finder_in, statistics_of

SCHEMA = build_schemas(TABLE, None).events
STRICT = 'feature { name: "device" drift_comparator { infinity_norm { threshold: 0.25 } } }'
STRICT_SCHEMA = build_schemas(TABLE, text_format.Parse(STRICT, schema_pb2.Schema())).events

STARS = [0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0]
STAR_SHARES = [0.01, 0.03, 0.02, 0.07, 0.06, 0.2, 0.13, 0.27, 0.08, 0.13]
Floats = npt.NDArray[np.float64]
LOGS: dict[str, Callable[[np.random.Generator, int], Floats]] = {
    "normal": lambda random, n: random.normal(50, 10, n),
    "lognormal": lambda random, n: random.lognormal(3, 1.5, n),
    "pareto": lambda random, n: random.pareto(1.1, n),
    "stars": lambda random, n: random.choice(STARS, n, p=STAR_SHARES),
    "half_missing": lambda random, n: np.where(random.random(n) < 0.5, NAN, random.random(n)),
    "constant": lambda random, n: np.ones(n),
    "all_missing": lambda random, n: np.full(n, NAN),
}


def drift(
    reference: dict[str, Column], new: dict[str, Column], schema: schema_pb2.Schema = SCHEMA
) -> GateResult:
    return drift_gate(statistics_of(**new), schema, statistics_of(**reference), finder_in(new))


def test_the_gate_passes_without_a_reference() -> None:
    gate = drift_gate(statistics_of(device=["tv"]), SCHEMA, None, find_no_records)
    assert (gate.passed, gate.value, gate.threshold) == (True, None, None)
    assert gate.reason.startswith("no model is served yet: there is no reference")


@pytest.mark.parametrize("name", LOGS)
def test_two_halves_of_one_log_and_the_same_log_twice_pass(name: str) -> None:
    random = np.random.default_rng(7)
    devices = random.choice(["tv", "phone", ""], 1000, p=[0.5, 0.4, 0.1]).tolist()
    log = {"price": LOGS[name](random, 1000).tolist(), "device": devices}
    first, second = ({key: column[half::2] for key, column in log.items()} for half in (0, 1))
    assert drift(log, log).passed
    assert drift(log, log).value == pytest.approx(0.0, abs=1e-6)
    assert drift(first, second).passed, drift(first, second).reason


def test_an_outlier_is_not_drift() -> None:
    reference = np.random.default_rng(7).lognormal(3, 1, 500).tolist()
    assert drift({"price": reference}, {"price": [*reference[:-1], 1e9]}).passed


@pytest.mark.parametrize("name", ["normal", "lognormal", "pareto", "stars"])
@pytest.mark.parametrize("shift", [lambda x: x * 100, lambda x: x * 0, lambda x: -x])
def test_another_unit_zeros_and_a_changed_sign_are_drift(
    name: str, shift: Callable[[Floats], Floats]
) -> None:
    random = np.random.default_rng(7)
    reference, new = LOGS[name](random, 500), shift(LOGS[name](random, 500))
    gate = drift({"price": reference.tolist()}, {"price": new.tolist()})
    assert not gate.passed
    assert gate.threshold == DEFAULT_NUMBER_DRIFT
    assert "price: Jensen-Shannon divergence is " in gate.reason


def test_drift_of_a_category_is_the_largest_change_of_a_share() -> None:
    reference: dict[str, Column] = {"device": ["tv"] * 5 + ["phone"] * 5}
    small = drift(reference, {"device": ["tv"] * 7 + ["phone"] * 3}, STRICT_SCHEMA)
    assert small.passed
    assert small.value == pytest.approx(0.7 - 0.5)
    large = drift(reference, {"device": ["tv"] * 8 + ["web"] * 2}, STRICT_SCHEMA)
    assert not large.passed
    assert large.value == pytest.approx(0.5)  # "phone" from 0.5 to 0
    assert large.threshold == 0.25
    measure = "largest change in the share of a value"
    assert f"device: {measure} is 0.500, at most 0.25 is allowed: " in large.reason


def test_category_drift_lists_shares_and_records_of_the_value_that_grew_most() -> None:
    users = [f"u{n}" for n in range(10)]
    reference: dict[str, Column] = {"device": ["tv"] * 5 + ["phone"] * 5}
    new: dict[str, Column] = {"device": ["tv"] * 6 + [""] * 4, "user_id": users}
    reason = drift(reference, new).reason
    assert '"phone" 50.0% → 0.0%, (missing) 0.0% → 40.0%, "tv" 50.0% → 60.0%' in reason
    assert "; for example u6 | u7 | u8. Find out what changed" in reason
    assert "raise the drift_comparator" in reason


def test_number_drift_states_median_and_range_and_lists_records_with_new_values() -> None:
    reference: dict[str, Column] = {"price": [float(n % 10) for n in range(100)]}
    new: dict[str, Column] = {
        "price": [float(n % 10) for n in range(40)] + [500.0] * 60,
        "user_id": [f"u{n}" for n in range(100)],
    }
    reason = drift(reference, new).reason
    assert "median 5 with 80% in " in reason
    assert " before, median 500 with 80% in " in reason
    assert "; for example u40 | u41 | u42." in reason


@pytest.mark.parametrize(("missing", "passed"), [(3, True), (4, False), (10, False)])
def test_more_missing_numbers_are_drift(missing: int, passed: bool) -> None:
    reference: dict[str, Column] = {"price": [1.0] * 10}
    new: dict[str, Column] = {
        "price": [NAN] * missing + [1.0] * (10 - missing),
        "user_id": [f"u{n}" for n in range(10)],
    }
    gate = drift(reference, new)
    assert gate.passed == passed
    if not passed:
        assert f"price: change in the share of missing values is {missing / 10:.3f}" in gate.reason
        limit = f"at most {MAX_MISSING_DRIFT:g} is allowed"
        assert f"{limit}: missing 0.0% → {missing}0" in gate.reason
        assert "; for example u0 | u1 | u2." in gate.reason


def test_fewer_missing_numbers_list_records_with_a_number() -> None:
    reference: dict[str, Column] = {"price": [NAN] * 4}
    new: dict[str, Column] = {"price": [NAN, 2.0, 3.0, 4.0], "user_id": ["a", "b", "c", "d"]}
    reason = drift(reference, new).reason
    assert "missing 100.0% → 25.0%; for example b | c | d." in reason


def test_the_reason_lists_every_exceeding_feature_and_the_value_is_of_the_largest() -> None:
    gate = drift(
        {"device": ["tv"] * 10, "price": [1.0] * 10, "event_type": ["view"] * 10},
        {"device": ["web"] * 10, "price": [9.0] * 10, "event_type": ["view"] * 8 + ["buy"] * 2},
        STRICT_SCHEMA,
    )
    assert gate.reason.index("device: ") < gate.reason.index("price: ")
    assert "event_type: " not in gate.reason
    assert (gate.value, gate.threshold) == (pytest.approx(1.0), 0.25)


def test_new_ids_and_times_are_not_drift() -> None:
    reference: dict[str, Column] = {"user_id": ["a"], "item_id": ["x"], "timestamp": [1]}
    new: dict[str, Column] = {"user_id": ["b"], "item_id": ["y"], "timestamp": [10**9]}
    assert drift(reference, new).passed


def test_the_reason_lists_features_that_cannot_be_compared_with_the_reference() -> None:
    reference = statistics_of(event_type=["view"], price=[1.0])
    features = reference.datasets[0].features
    (position,) = (i for i, f in enumerate(features) if f.path.step[0] == "device")
    del features[position]
    (value,) = (f for f in features if f.path.step[0] == "value")
    value.CopyFrom(next(f for f in features if f.path.step[0] == "event_type"))
    value.path.step[:] = ["value"]
    gate = drift_gate(
        statistics_of(event_type=["view"], price=[1.0]), SCHEMA, reference, find_no_records
    )
    assert gate.passed
    assert "not in the reference, or of another kind there: device, value" in gate.reason
