"""The trained towers, called through the signatures of the SavedModel."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from schemas import serving, serving_specs
from schemas.errors import InputError
from schemas.features import AS_OF

_BATCH = 256
_TOWERS = (serving.QUERY_EMBEDDING, serving.CANDIDATE_EMBEDDING, serving.ITEM_QUERY)


class Towers(tf.Module):
    """The query and candidate tower of a trained SavedModel, usable inside another model."""

    def __init__(self, path: str):
        """Loads the SavedModel at `path`.

        Raises:
          InputError: An older version of this project exported the model.
          ValueError: A signature of the towers is missing.
        """
        super().__init__(name="towers")
        self.saved_model = tf.saved_model.load(path)
        missing = [name for name in _TOWERS if name not in self.saved_model.signatures]
        if missing:
            raise ValueError(
                f"the SavedModel {path} has no signature {', '.join(missing)}; found "
                f"{sorted(self.saved_model.signatures)}: export it with the trainer of this project"
            )

        if serving.CANDIDATE_EMBEDDING_AS_OF not in self.saved_model.signatures:
            raise InputError(
                f"the SavedModel {path} was exported by an older version of twotower: it has no "
                f"signature {serving.CANDIDATE_EMBEDDING_AS_OF}; train again with `twotower run`"
            )

    def query(self, inputs: dict[str, tf.Tensor]) -> tf.Tensor:
        """Embeds queries; returns [B, dim] float32.

        Args:
          inputs: The inputs of `serving_specs.query_specs`, with the names of the specs.
        """
        return self._call(serving.QUERY_EMBEDDING, inputs)

    def candidate(self, inputs: dict[str, tf.Tensor]) -> tf.Tensor:
        """Embeds items; returns [B, dim] float32.

        Args:
          inputs: The inputs of `serving_specs.candidate_specs`, with the names of the specs.
        """
        return self._call(serving.CANDIDATE_EMBEDDING, inputs)

    def item_query(self, embeddings: tf.Tensor) -> tf.Tensor:
        """Returns the similar-items query of each item embedding, [B, dim] float32."""
        return self._call(serving.ITEM_QUERY, {serving.OUTPUT_EMBEDDING: embeddings})

    def _call(self, signature: str, inputs: dict[str, tf.Tensor]) -> tf.Tensor:
        return self.saved_model.signatures[signature](**inputs)[serving.OUTPUT_EMBEDDING]

    def embed(
        self, signature: str, specs: serving_specs.Specs, rows: dict[str, npt.NDArray[Any]]
    ) -> npt.NDArray[np.float32]:
        """Embeds rows in batches.

        Args:
          signature: `query_embedding` or `candidate_embedding`.
          specs: The specs of the inputs of the signature.
          rows: The inputs, [num_rows, …] each.

        Returns:
          [num_rows, dim] float32.
        """
        inputs = _batches(specs, rows)
        return np.concatenate([self._call(signature, batch).numpy() for batch in inputs])

    def embed_as_of(
        self, specs: serving_specs.Specs, rows: dict[str, npt.NDArray[Any]], as_of_s: int
    ) -> tuple[npt.NDArray[np.float32], int]:
        """Embeds items as of a point in time.

        Args:
          specs: The specs of the inputs of `candidate_embedding_as_of`.
          rows: The inputs without the time, [num_rows, …] each.
          as_of_s: Seconds since the epoch, UTC; the model uses its own time if that is later.

        Returns:
          The embeddings, [num_rows, dim] float32, and the time that the model used; -1 if the
          candidate tower has no time-dependent feature.
        """
        signature = self.saved_model.signatures[serving.CANDIDATE_EMBEDDING_AS_OF]
        row_specs = {name: spec for name, spec in specs.items() if name != AS_OF}
        as_of = tf.constant(as_of_s, tf.int64)
        outputs = [signature(**batch, **{AS_OF: as_of}) for batch in _batches(row_specs, rows)]
        embeddings = [output[serving.OUTPUT_EMBEDDING].numpy() for output in outputs]
        return np.concatenate(embeddings), int(outputs[0][AS_OF])


def _batches(
    specs: serving_specs.Specs, rows: dict[str, npt.NDArray[Any]]
) -> Iterator[dict[str, tf.Tensor]]:
    """Yields batches of at most _BATCH rows; a single empty one if there are no rows.

    The rows have the names of requests, and the batches have the names of the specs.
    """
    num_rows = len(next(iter(rows.values())))
    for start in range(0, max(num_rows, 1), _BATCH):
        yield {
            spec.name: tf.constant(rows[name][start : start + _BATCH], spec.dtype)
            for name, spec in specs.items()
        }
