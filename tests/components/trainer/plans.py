"""Plans of small trainings, for tests that build a model or a loss without the recipe."""

from typing import Any

from components.trainer.plan import EncoderPlan, ModelPlan, TrainPlan

_ENCODER = {
    "kind": "convolution",
    "num_blocks": 2,
    "num_heads": 8,
    "kernel_width": 50,
    "dropout": 0.2,
}
_MODEL = {
    "dim": 64,
    "hidden_dim": 128,
    "max_item_ids": 1000,
    "max_user_ids": 1000,
    "share_item_table": True,
    "recent_popularity": False,
}
_TRAIN = {
    "loss": "full_softmax",
    "max_epochs": 10,
    "events_per_step": 6400,
    "learning_rate": 3e-3,
    "max_seconds": None,
    "mixed_precision": False,
    "seed": 17,
    "deterministic": False,
}


def encoder_plan(**changes: Any) -> EncoderPlan:
    return EncoderPlan(**{**_ENCODER, **changes})


def model_plan(**changes: Any) -> ModelPlan:
    return ModelPlan(**{**_MODEL, "encoder": encoder_plan(), **changes})


def train_plan(**changes: Any) -> TrainPlan:
    return TrainPlan(**{**_TRAIN, **changes})
