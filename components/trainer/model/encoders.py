"""A causal encoder of histories: pre-norm residual blocks of a mixer and an MLP."""

import tensorflow as tf
import tf_keras as keras

from components.trainer.model.dropout import SeededDropout
from components.trainer.model.mixers import build_mixer
from components.trainer.plan import EncoderPlan
from components.trainer.seeds import Seed, split
from schemas.errors import InputError

_MLP_RATIO = 2


class EncoderBlock(keras.layers.Layer):
    """A pre-norm residual block: mixes positions, then channels (Xiong et al., 2020)."""

    def __init__(self, dim: int, plan: EncoderPlan, name: str):
        """`dim` is the number of channels."""
        super().__init__(name=name)
        dense = keras.layers.Dense
        self.mixer = keras.Sequential(
            [keras.layers.LayerNormalization(epsilon=1e-6), build_mixer(dim, plan), dense(dim)],
            name="mixer",
        )
        self.mlp = keras.Sequential(
            [
                keras.layers.LayerNormalization(epsilon=1e-6),
                dense(_MLP_RATIO * dim, "gelu"),
                dense(dim),
            ],
            name="mlp",
        )
        self.dropout = SeededDropout(plan.dropout)

    def call(self, x: tf.Tensor, seed: Seed = None) -> tf.Tensor:
        """Returns a tensor of the shape of `x`, [batch, length, dim]."""
        first, second = split(seed, 2)
        x += self.dropout(self.mixer(x), seed=first)
        return x + self.dropout(self.mlp(x), seed=second)


class CausalEncoder(keras.layers.Layer):
    """Encodes the history before each event: state t depends on events 0 … t - 1 only."""

    def __init__(self, dim: int, plan: EncoderPlan):
        """`dim` is the number of channels.

        Raises:
          InputError: `num_heads` does not divide `dim`.
        """
        super().__init__(name="encoder")
        if dim % plan.num_heads:
            raise InputError(
                f"model.dim is {dim} and model.encoder.num_heads is {plan.num_heads}: each head "
                "gets an equal share of the dimensions, so choose a num_heads that divides dim"
            )
        self.dropout = SeededDropout(plan.dropout)
        self.blocks = [EncoderBlock(dim, plan, f"block_{n}") for n in range(plan.num_blocks)]
        self.norm = keras.layers.LayerNormalization(epsilon=1e-6)
        # Not close to zero, where the gradient of layer normalisation is very large.
        self.start = self.add_weight(
            name="start", shape=[dim], initializer=keras.initializers.RandomNormal(0, 1.0)
        )

    def call(self, events: tf.Tensor, seed: Seed = None) -> tf.Tensor:
        """Encodes event vectors.

        Padding has to follow the events, so that no state of an event depends on it.

        Args:
          events: [batch, length, dim] float32; the last event is not used.
          seed: The seed of dropout; None outside training.

        Returns:
          [batch, length, dim] float32. State 0 is the state of an empty history.
        """
        seeds = split(seed, len(self.blocks) + 1)
        batch, _, dim = tf.unstack(tf.shape(events))
        start = tf.broadcast_to(self.start, [batch, 1, dim])
        x = self.dropout(tf.concat([start, events[:, :-1]], axis=1), seed=seeds[-1])
        for block, block_seed in zip(self.blocks, seeds, strict=False):
            x = block(x, seed=block_seed)
        return self.norm(x)
