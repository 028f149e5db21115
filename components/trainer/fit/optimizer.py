"""Adam for training steps that touch few rows of large tables.

Adam of tf_keras makes several passes over a whole table in each step, even if the gradient has few
rows, because it decays all moments. Here, one fused kernel updates a dense variable, and of a table
that is much larger than a step, only the rows of the gradient are updated.
"""

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import tensorflow as tf
import tf_keras as keras

from components.trainer.model.embeddings import FeatureEmbedding
from components.trainer.model.two_tower import TwoTowerModel
from components.trainer.plan import TrainPlan

Gradient: TypeAlias = tf.Tensor | tf.IndexedSlices

# Up to this ratio, a dense update of all rows is faster than a sparse update of some of them, which
# gathers and scatters each row and its moments.
ROWS_PER_SPARSE_ROW = 8
_BETA_2 = 0.98
_GLOBAL_CLIPNORM = 1.0


class RowWiseAdam(keras.optimizers.Adam):
    """Adam (Kingma and Ba, 2015), with sparse updates of the tables that are named as sparse.

    A variable that is not sparse gets the update of `keras.optimizers.Adam`.

    In a sparse table, a step changes the rows of its gradient only. A row's moments are the same as
    with dense updates: at its next gradient, they are first decayed by `beta` to the power of the
    number of steps since the last one. What differs is the weight: with dense updates, a row also
    moves in the steps without a gradient, by its decayed momentum. The lazy Adam of TensorFlow
    Addons leaves out the decay of the moments as well. If every step touches a row, its updates are
    the dense ones.

    Gradients of one row are added up before the global norm is computed. Keras adds them up after
    clipping, so that the norm depends on how often a row is gathered.
    """

    def __init__(
        self,
        learning_rate: float,
        beta_2: float = 0.999,
        global_clipnorm: float | None = None,
        sparse: Iterable[tf.Variable] = (),
    ):
        """Prepares the optimiser.

        Args:
          learning_rate: The learning rate.
          beta_2: The decay of the second moment.
          global_clipnorm: Gradients are scaled down to this global norm; None leaves them.
          sparse: The tables, [num_rows, dim], of which only the rows of a gradient are updated.
        """
        super().__init__(
            learning_rate, beta_2=beta_2, global_clipnorm=global_clipnorm, jit_compile=False
        )
        self._sparse = list(sparse)
        self._last_steps: list[tf.Variable] = []
        self._number_of_sparse: dict[str, int] = {}

    def build(self, var_list: Sequence[tf.Variable]) -> None:
        """Creates the moments, and for sparse tables the step of each row's last update."""
        already_built = getattr(self, "_built", False)
        super().build(var_list)
        if already_built:
            return
        for number, table in enumerate(self._sparse):
            self._number_of_sparse[self._var_key(table)] = number
            last_step = self.add_variable_from_reference(
                model_variable=table, variable_name="last_step", shape=table.shape[:1]
            )
            self._last_steps.append(last_step)

    def update_step(self, gradient: Gradient, variable: tf.Variable) -> None:
        """Updates a variable by its gradient, whose rows are distinct."""
        key = self._var_key(variable)
        index = self._index_dict[key]
        moments = self._momentums[index], self._velocities[index]
        if key not in self._number_of_sparse:
            self._dense_update(gradient, variable, *moments)
            return
        if not isinstance(gradient, tf.IndexedSlices):
            gradient = tf.IndexedSlices(gradient, tf.range(tf.shape(variable)[0]))
        last_step = self._last_steps[self._number_of_sparse[key]]
        self._sparse_update(gradient, variable, *moments, last_step)

    def _dense_update(
        self, gradient: tf.Tensor, variable: tf.Variable, m: tf.Variable, v: tf.Variable
    ) -> None:
        step = tf.cast(self.iterations + 1, variable.dtype)
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=m.handle,
            v=v.handle,
            beta1_power=tf.pow(self.beta_1, step),
            beta2_power=tf.pow(self.beta_2, step),
            lr=tf.cast(self.learning_rate, variable.dtype),
            beta1=self.beta_1,
            beta2=self.beta_2,
            epsilon=self.epsilon,
            grad=gradient,
        )

    def _sparse_update(
        self,
        gradient: tf.IndexedSlices,
        variable: tf.Variable,
        m: tf.Variable,
        v: tf.Variable,
        last_step: tf.Variable,
    ) -> None:
        rows, values = gradient.indices, gradient.values
        step = tf.cast(self.iterations + 1, variable.dtype)
        steps = (step - tf.gather(last_step, rows))[:, tf.newaxis]
        row_m = tf.gather(m, rows) * tf.pow(self.beta_1, steps) + values * (1.0 - self.beta_1)
        row_v = tf.gather(v, rows) * tf.pow(self.beta_2, steps) + values**2 * (1.0 - self.beta_2)
        correction = tf.sqrt(1.0 - tf.pow(self.beta_2, step)) / (1.0 - tf.pow(self.beta_1, step))
        rate = tf.cast(self.learning_rate, variable.dtype) * correction
        m.scatter_update(tf.IndexedSlices(row_m, rows))
        v.scatter_update(tf.IndexedSlices(row_v, rows))
        last_step.scatter_update(tf.IndexedSlices(tf.fill(tf.shape(rows), step), rows))
        change = rate * row_m / (tf.sqrt(row_v) + self.epsilon)
        variable.scatter_sub(tf.IndexedSlices(change, rows))

    def apply_gradients(
        self, grads_and_vars: Iterable[tuple[Gradient, tf.Variable]], *args: Any, **kwargs: Any
    ) -> tf.Variable:
        """Updates the variables; takes the arguments of `keras.optimizers.Adam`."""
        combined = [
            (gradient if self._is_sparse(variable) else _dense(gradient), variable)
            for gradient, variable in grads_and_vars
        ]
        return super().apply_gradients(combined, *args, **kwargs)

    def _is_sparse(self, variable: tf.Variable) -> bool:
        return any(variable is table for table in self._sparse)

    def _clip_gradients(self, grads: Sequence[Gradient]) -> Sequence[Gradient]:
        return super()._clip_gradients(super()._deduplicate_sparse_grad(grads))

    def _deduplicate_sparse_grad(self, grads: Sequence[Gradient]) -> Sequence[Gradient]:
        # Keras calls this after clipping, when the rows are distinct.
        return grads


def build_optimizer(model: TwoTowerModel, plan: TrainPlan) -> RowWiseAdam:
    """Returns the optimiser of a training; the model's large tables are its sparse tables.

    A step embeds the items of its events and its negatives, once for each table.
    """
    rows_per_step = plan.events_per_step + plan.in_batch_negatives + plan.catalogue_negatives
    if plan.loss == "full_softmax":
        rows_per_step = max(rows_per_step, model.towers.num_items + 1)
    tables = large_tables(model, rows_per_step)
    return RowWiseAdam(plan.learning_rate, _BETA_2, _GLOBAL_CLIPNORM, tables)


def large_tables(model: tf.Module, rows_per_step: int) -> list[tf.Variable]:
    """Returns the embedding tables for which sparse updates are faster than dense ones.

    They have more than ROWS_PER_SPARSE_ROW times the rows that a step touches. Tables of bags, of
    which a step touches several rows for each item, are left out.

    Args:
      model: A model whose variables exist.
      rows_per_step: The largest number of rows of a table that a step touches.
    """
    layers = model.submodules
    bags = [x.table for x in layers if isinstance(x, FeatureEmbedding) and x.feature.is_bag]
    return [
        layer.embeddings
        for layer in layers
        if isinstance(layer, keras.layers.Embedding)
        and layer.input_dim > ROWS_PER_SPARSE_ROW * rows_per_step
        and not any(layer is table for table in bags)
    ]


def _dense(gradient: Gradient | None) -> tf.Tensor | None:
    """Returns a gradient as a tensor, with the sum of the values of each row."""
    return None if gradient is None else tf.convert_to_tensor(gradient)
