"""EASE compared with its closed form in float64."""

import numpy as np
import numpy.typing as npt
import pytest

from components.evaluator.baselines import ease, matrices
from components.evaluator.baselines.baseline import FittedBaseline
from components.evaluator.baselines.ease import Ease, fit_ease_grid
from components.evaluator.columns import EventColumns
from tests.components.evaluator.baselines.small import (
    NUM_ITEMS,
    TIES,
    histories,
    popularity_ties,
    summed,
    training_events,
    users_of_items,
)
from tests.components.evaluator.logs import event_columns

# More users than the 12 items, and fewer, for which another formula is used.
NUM_USERS = [40, 7]


def closed_form(train: EventColumns, regularisation: float) -> npt.NDArray[np.float64]:
    interactions = np.zeros((train.user.max() + 1, NUM_ITEMS))
    for item, users in enumerate(users_of_items(train)):
        interactions[list(users), item] = 1.0
    gram = interactions.T @ interactions + regularisation * np.eye(NUM_ITEMS)
    inverse = np.linalg.inv(gram)
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0.0)
    return weights


def ease_of(fitted: FittedBaseline) -> Ease:
    assert isinstance(fitted.baseline, Ease)
    return fitted.baseline


def weights_of(fitted: Ease) -> npt.NDArray[np.float32]:
    """The weight matrix B over the items with training events."""
    return fitted.basis @ fitted.weights + np.diag(fitted.diagonal)


@pytest.mark.parametrize("dense_above", [0.0, 1.0])
@pytest.mark.parametrize("num_users", NUM_USERS)
def test_scores_are_those_of_the_closed_form(
    num_users: int, dense_above: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matrices, "_DENSE_ABOVE", dense_above)
    monkeypatch.setattr(ease, "_ROWS_PER_BLOCK", 5)
    train = training_events(num_users)

    for fitted in fit_ease_grid(train, popularity_ties(train), (0.5, 3.0, 100.0)):
        weights = closed_form(train, float(fitted.settings["regularisation"]))
        scores = ease_of(fitted).scores(histories())
        np.testing.assert_allclose(scores, summed(weights, histories()), atol=TIES + 1e-5)


@pytest.mark.parametrize("num_users", NUM_USERS)
def test_the_diagonal_of_the_weights_is_zero(num_users: int) -> None:
    train = training_events(num_users)
    (fitted,) = fit_ease_grid(train, popularity_ties(train), [2.0])

    weights = weights_of(ease_of(fitted))
    np.testing.assert_allclose(np.diagonal(weights), 0.0, atol=1e-5)
    assert np.abs(weights).max() > 0.01


def test_random_logs_with_few_and_many_users_match_the_closed_form() -> None:
    for seed in range(10):
        train = training_events(num_users=3 + 3 * seed, seed=seed)
        (fitted,) = fit_ease_grid(train, popularity_ties(train), [1.5])
        weights = closed_form(train, 1.5)
        items = ease_of(fitted).items
        np.testing.assert_allclose(
            weights_of(ease_of(fitted)), weights[np.ix_(items, items)], atol=1e-5
        )


def test_items_without_training_events_have_no_weights_and_score_zero() -> None:
    train = event_columns([(0, [(1, 1, 1), (3, 2, 1)]), (1, [(1, 1, 1), (4, 2, 0)])])
    (fitted,) = fit_ease_grid(train, popularity_ties(train, 6), [1.0])

    assert ease_of(fitted).items.tolist() == [1, 3]
    scores = ease_of(fitted).scores(np.array([[1, -1], [4, -1]]))
    # XᵀX + I = [[3, 1], [1, 2]], so P is [[2, -1], [-1, 3]] / 5 and B[1, 3] = 1/5 / (3/5).
    assert scores[0].tolist() == pytest.approx([0, 0, 0, 1 / 3, 0, 0], abs=TIES)
    assert scores[1].tolist() == pytest.approx([0] * 6, abs=TIES)


@pytest.mark.parametrize("num_users", NUM_USERS)
def test_above_the_memory_limit_it_is_left_out_with_the_reason(num_users: int) -> None:
    train = training_events(num_users)
    num_users = len(set(train.user[train.is_target]))
    num_bytes = 4 * min(num_users, NUM_ITEMS) * NUM_ITEMS

    (left_out,) = fit_ease_grid(train, popularity_ties(train), (1.0, 2.0), max_bytes=num_bytes - 1)
    assert left_out.baseline is None
    assert left_out.settings.keys() == {"left_out"}
    assert f"{num_users} users and {NUM_ITEMS} items" in str(left_out.settings["left_out"])
    ties = popularity_ties(train)
    assert len(list(fit_ease_grid(train, ties, (1.0, 2.0), max_bytes=num_bytes))) == 2


def test_a_matrix_that_cannot_be_inverted_is_left_out_with_the_reason() -> None:
    # Two items with the same four users, so the Gram matrix is singular.
    train = event_columns([(user, [(0, 1, 1), (1, 2, 1)]) for user in range(4)])

    (fitted,) = fit_ease_grid(train, popularity_ties(train, 2), [1e-12])

    assert fitted.baseline is None
    assert "regularisation 1e-12 is too small for counts of up to 4" in str(
        fitted.settings["left_out"]
    )
