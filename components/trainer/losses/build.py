"""Builds the loss that `train.loss` names."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import tf_keras as keras

from components.trainer.losses.base import RetrievalLoss
from components.trainer.losses.full_softmax import FullSoftmaxLoss
from components.trainer.losses.margins import ContrastiveLoss, TripletLoss
from components.trainer.losses.negative_sampler import NegativeSampler
from components.trainer.losses.sampled_negatives import SampledNegativesLoss
from components.trainer.plan import TrainPlan
from components.trainer.time.item_dynamics import ItemDynamics
from schemas.model_settings import Loss


@dataclass(frozen=True)
class TrainingItems:
    """The items of the catalogue, as seen by a loss.

    Attributes:
      target_counts: [num_items] int64: how often each item is a target in an epoch.
      eligible_rows: [num_eligible] int32 rows of the items that may be drawn as negatives.
      dynamics: Time-dependent item features, and the times at which items appear.
    """

    target_counts: npt.NDArray[np.int64]
    eligible_rows: npt.NDArray[np.int32]
    dynamics: ItemDynamics

    @property
    def num_items(self) -> int:
        """The number of items in the catalogue."""
        return len(self.target_counts)


def build_loss(plan: TrainPlan, items: TrainingItems) -> RetrievalLoss:
    """Returns the loss that `plan.loss` names."""
    return _BUILDERS[plan.loss](plan, items)


def _full_softmax(plan: TrainPlan, items: TrainingItems) -> RetrievalLoss:
    return FullSoftmaxLoss(plan.temperature, items.num_items, items.dynamics)


def _sampled_softmax(plan: TrainPlan, items: TrainingItems) -> RetrievalLoss:
    cross_entropy = keras.losses.CategoricalCrossentropy(
        from_logits=True, reduction=keras.losses.Reduction.SUM
    )
    return _over_sampled_negatives(cross_entropy, plan, items, corrects_sampling_bias=True)


def _contrastive(plan: TrainPlan, items: TrainingItems) -> RetrievalLoss:
    return _over_sampled_negatives(ContrastiveLoss(plan.margin), plan, items)


def _triplet(plan: TrainPlan, items: TrainingItems) -> RetrievalLoss:
    return _over_sampled_negatives(TripletLoss(plan.margin), plan, items)


def _over_sampled_negatives(
    loss: keras.losses.Loss,
    plan: TrainPlan,
    items: TrainingItems,
    corrects_sampling_bias: bool = False,
) -> RetrievalLoss:
    # An item with targets existed, whatever the catalogue states.
    eligible_rows = np.union1d(items.eligible_rows, np.flatnonzero(items.target_counts))
    sampler = NegativeSampler(
        items.target_counts,
        plan.catalogue_negatives,
        eligible_rows.astype(np.int32),
        plan.negative_sampling,
    )
    return SampledNegativesLoss(
        loss,
        sampler,
        items.dynamics,
        in_batch_negatives=plan.in_batch_negatives,
        temperature=plan.temperature,
        num_hard_negatives=plan.hard_negatives,
        corrects_sampling_bias=corrects_sampling_bias,
    )


_BUILDERS: dict[Loss, Callable[[TrainPlan, TrainingItems], RetrievalLoss]] = {
    "full_softmax": _full_softmax,
    "sampled_softmax": _sampled_softmax,
    "contrastive": _contrastive,
    "triplet": _triplet,
}
