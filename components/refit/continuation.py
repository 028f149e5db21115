"""Continues the training of proven towers on later windows, with a share of the old ones.

The later windows alone would make the towers forget what they no longer see. As many targets of
split train are therefore replayed with them (experience replay; for recommenders: Mi et al., 2020,
"ADER: Adaptively Distilled Exemplar Replay Towards Continual Learning for Session-based
Recommendation").
"""

from dataclasses import dataclass, replace

import numpy as np
import tf_keras as keras

from components.refit.whole_log import WholeLog, replayed
from components.trainer.data.windows import TransformedWindows, joined
from components.trainer.fit.loop import FitResult, fit_model
from components.trainer.fit.recipe import Recipe
from components.trainer.fit.train import build_model
from components.trainer.model.two_tower import TwoTowerModel
from components.trainer.state.training_state import TrainingState, recipe_of
from components.trainer.state.transfer import transfer_constants, transfer_weights
from components.trainer.state.vocabularies import Vocabulary


@dataclass(frozen=True, kw_only=True)
class ContinuationPlan:
    """How a training is continued; the defaults were chosen by `python -m benchmarks.freshness`.

    Attributes:
      epochs: The number of passes over the later windows.
      share_of_learning_rate: The peak learning rate, as a share of that of the proven towers.
      replayed_per_new_target: The number of replayed targets per later target.
      average_epochs: The period of the average of the weights, short enough for the average to
        have left the proven weights.
    """

    epochs: int = 2
    share_of_learning_rate: float = 0.25
    replayed_per_new_target: float = 1.0
    average_epochs: float = 0.5


DEFAULT_PLAN = ContinuationPlan()


@dataclass(frozen=True)
class RefittedTowers:
    """Refitted towers.

    Attributes:
      model: The model.
      fitted: The record of the continued training.
      num_targets: The number of targets in an epoch, without replayed ones.
      num_replayed_targets: The number of replayed targets in an epoch.
    """

    model: TwoTowerModel
    fitted: FitResult
    num_targets: int
    num_replayed_targets: int


def continue_training(
    state: TrainingState,
    vocabularies: dict[str, Vocabulary],
    log: WholeLog,
    later: TransformedWindows,
    how: ContinuationPlan = DEFAULT_PLAN,
) -> RefittedTowers:
    """Trains from the weights of a state on later windows and replayed windows of split train.

    Args:
      state: The proven towers.
      vocabularies: The vocabularies of the tables, with the ids that are new in the log.
      log: The whole log.
      later: The windows to learn.
      how: How the training is continued.

    Raises:
      InputError: The state has other features than the log.
      TrainingDivergedError: A loss or a weight is not finite.
    """
    recipe = recipe_of(state)
    seed = recipe.train.seed
    keras.utils.set_random_seed(seed)
    num_replayed = round(how.replayed_per_new_target * later.num_targets)
    old = replayed(log.train, num_replayed, np.random.default_rng(seed))
    windows = joined([later, old])
    plan = replace(
        recipe.train,
        max_epochs=how.epochs,
        learning_rate=how.share_of_learning_rate * recipe.train.learning_rate,
        average_epochs=how.average_epochs,
        max_seconds=None,
    )
    model = _start_from(
        state,
        vocabularies,
        log,
        replace(recipe, train=plan),
        windows,
        joined([log.train, later]),
    )
    fitted = fit_model(model, windows, None, plan)
    return RefittedTowers(model, fitted, later.num_targets, old.num_targets)


def train_anew(state: TrainingState, log: WholeLog, windows: TransformedWindows) -> RefittedTowers:
    """Trains new towers with the recipe and the number of epochs of proven ones.

    Args:
      state: The proven towers. Their ranking for users without a history is kept, too.
      log: The whole log.
      windows: The windows to learn.

    Raises:
      TrainingDivergedError: A loss or a weight is not finite.
    """
    recipe = recipe_of(state)
    plan = replace(recipe.train, max_epochs=state.best_epoch, max_seconds=None)
    keras.utils.set_random_seed(plan.seed)
    model = build_model(log.data(windows, windows), replace(recipe, train=plan))
    transfer_constants(state, model.towers)
    return RefittedTowers(model, fit_model(model, windows, None, plan), windows.num_targets, 0)


def proven_model(
    state: TrainingState, vocabularies: dict[str, Vocabulary], log: WholeLog
) -> TwoTowerModel:
    """Returns the proven towers as they would be served without a refit, with the new rows.

    Args:
      state: The proven towers.
      vocabularies: The vocabularies of the tables, with the ids that are new in the log.
      log: The whole log.
    """
    recipe = recipe_of(state)
    # One epoch: the model is not trained, and so not worth compiling.
    plan = replace(recipe.train, max_epochs=1)
    return _start_from(state, vocabularies, log, replace(recipe, train=plan), log.train, log.train)


def _start_from(
    state: TrainingState,
    vocabularies: dict[str, Vocabulary],
    log: WholeLog,
    recipe: Recipe,
    windows: TransformedWindows,
    counted: TransformedWindows,
) -> TwoTowerModel:
    """Returns a model with the weights of a state.

    Args:
      state: The proven towers.
      vocabularies: The vocabularies of the tables.
      log: The whole log.
      recipe: The plan of the training.
      windows: The windows that the model will learn.
      counted: The windows whose targets count for the popularity and the age of items.
    """
    model = build_model(log.data(windows, counted), recipe)
    transfer_weights(state, model.towers, recipe.model, vocabularies)
    return model
