"""The trained towers, called through the signatures that the trainer exported."""

from collections.abc import Iterator

import numpy as np
import tensorflow as tf

from schemas import serving
from schemas.errors import InputError
from schemas.features import AS_OF

_BATCH = 256
_TOWERS = (serving.QUERY_EMBEDDING, serving.CANDIDATE_EMBEDDING, serving.ITEM_QUERY)


class Towers(tf.Module):
    """Query and candidate tower of a trained SavedModel, ready to be part of another model."""

    def __init__(self, path: str):
        """Loads the SavedModel at `path`.

        Raises:
          InputError: An older version of this project exported it.
          ValueError: It lacks one of their signatures.
        """
        super().__init__(name="towers")
        self.saved_model = tf.saved_model.load(path)
        missing = [name for name in _TOWERS if name not in self.saved_model.signatures]
        if missing:
            raise ValueError(
                f"the SavedModel {path} has no signature {', '.join(missing)}; it has "
                f"{sorted(self.saved_model.signatures)}: export it with the trainer of this project"
            )

        if serving.CANDIDATE_EMBEDDING_AS_OF not in self.saved_model.signatures:
            raise InputError(
                f"the SavedModel {path} was made by an older version of twotower: it has no "
                f"signature {serving.CANDIDATE_EMBEDDING_AS_OF}; train again with `twotower run`"
            )

    def query(self, inputs: dict[str, tf.Tensor]) -> tf.Tensor:
        """[B, dim] float32 embeddings of `schemas.serving.query_specs` inputs."""
        return self._call(serving.QUERY_EMBEDDING, inputs)

    def candidate(self, inputs: dict[str, tf.Tensor]) -> tf.Tensor:
        """[B, dim] float32 embeddings of `schemas.serving.candidate_specs` inputs."""
        return self._call(serving.CANDIDATE_EMBEDDING, inputs)

    def item_query(self, embeddings: tf.Tensor) -> tf.Tensor:
        """[B, dim] float32 queries for items like those of the embeddings [B, dim]."""
        return self._call(serving.ITEM_QUERY, {serving.OUTPUT_EMBEDDING: embeddings})

    def _call(self, signature: str, inputs: dict[str, tf.Tensor]) -> tf.Tensor:
        return self.saved_model.signatures[signature](**inputs)[serving.OUTPUT_EMBEDDING]

    def embed(
        self, signature: str, specs: serving.Specs, rows: dict[str, np.ndarray]
    ) -> np.ndarray:
        """Embeds many rows batch by batch.

        Args:
          signature: `query_embedding` or `candidate_embedding`.
          specs: Its inputs.
          rows: Each input, [num_rows, …].

        Returns:
          [num_rows, dim] float32.
        """
        inputs = _batches(specs, rows)
        return np.concatenate([self._call(signature, batch).numpy() for batch in inputs])

    def embed_as_of(
        self, specs: serving.Specs, rows: dict[str, np.ndarray], as_of_s: int
    ) -> tuple[np.ndarray, int]:
        """Embeds items as of an instant.

        Args:
          specs: Inputs of `candidate_embedding_as_of`.
          rows: Each of them but the instant, [num_rows, …].
          as_of_s: Seconds UTC; the model's own instant counts if it is later.

        Returns:
          [num_rows, dim] float32, and the instant that counted; -1 where nothing of items moves.
        """
        signature = self.saved_model.signatures[serving.CANDIDATE_EMBEDDING_AS_OF]
        of_rows = {name: spec for name, spec in specs.items() if name != AS_OF}
        asked_s = tf.constant(as_of_s, tf.int64)
        answers = [signature(**{**b, AS_OF: asked_s}) for b in _batches(of_rows, rows)]
        embeddings = [answer[serving.OUTPUT_EMBEDDING].numpy() for answer in answers]
        return np.concatenate(embeddings), int(answers[0][AS_OF])


def _batches(specs: serving.Specs, rows: dict[str, np.ndarray]) -> Iterator[dict[str, tf.Tensor]]:
    """At least one batch, if need be of no row."""
    num_rows = len(next(iter(rows.values())))
    for start in range(0, max(num_rows, 1), _BATCH):
        yield {
            name: tf.constant(rows[name][start : start + _BATCH], spec.dtype)
            for name, spec in specs.items()
        }
