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
from components.trainer.state.transfer import transfer_weights
from components.trainer.state.vocabularies import Vocabulary

# Chosen on the demo log and MovieLens-1M by `python -m benchmarks.freshness` (docs/training.md).
_EPOCHS = 2
_SHARE_OF_LEARNING_RATE = 0.25
_REPLAYED_PER_NEW_TARGET = 1.0
# The average covers the second half of the steps, so that it has left the proven weights.
_AVERAGE_EPOCHS = 0.5


@dataclass(frozen=True)
class Continued:
    """A model whose training was continued.

    Attributes:
      model: The model.
      fitted: The record of the continued training.
      num_new_targets: The number of later targets in an epoch.
      num_replayed_targets: The number of replayed targets in an epoch.
    """

    model: TwoTowerModel
    fitted: FitResult
    num_new_targets: int
    num_replayed_targets: int


def continue_training(
    state: TrainingState,
    vocabularies: dict[str, Vocabulary],
    log: WholeLog,
    later: TransformedWindows,
) -> Continued:
    """Trains from the weights of a state on later windows and replayed windows of split train.

    Args:
      state: The proven towers.
      vocabularies: The vocabularies of the tables, with the ids that are new in the log.
      log: The whole log.
      later: The windows to learn.

    Raises:
      InputError: The state has other features than the log.
      TrainingDiverged: A loss or a weight is not finite.
    """
    recipe = recipe_of(state)
    seed = recipe.train.seed
    keras.utils.set_random_seed(seed)
    num_replayed = round(_REPLAYED_PER_NEW_TARGET * later.num_targets)
    old = replayed(log.train, num_replayed, np.random.default_rng(seed))
    windows = joined([later, old])
    plan = replace(
        recipe.train,
        max_epochs=_EPOCHS,
        learning_rate=_SHARE_OF_LEARNING_RATE * recipe.train.learning_rate,
        average_epochs=_AVERAGE_EPOCHS,
    )
    model = start_from(
        state,
        vocabularies,
        log,
        replace(recipe, train=plan),
        windows,
        joined([log.train, later]),
    )
    fitted = fit_model(model, windows, None, plan)
    return Continued(model, fitted, later.num_targets, old.num_targets)


def start_from(
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
