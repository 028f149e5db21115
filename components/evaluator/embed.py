"""Embeds queries and candidates through a SavedModel's own signatures: the path that serves."""

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from components.examples.read import RawCatalogue, RawWindows
from components.requests import history_lengths, requests_for
from schemas import serving
from schemas.errors import InputError
from schemas.features import ITEM_ID, FeatureTable

QUERY_BATCH = 512
CANDIDATE_BATCH = 2048


class SignatureEncoder:
    """The two towers of an exported model, or of the op-free twin of one that serves.

    An input that the model knows and the settings no longer name is sent as missing; one that it
    does not know is not sent. `inputs_sent_as_missing` lists the former.
    """

    def __init__(self, path: str, table: FeatureTable):
        """Loads the SavedModel at `path`.

        Raises:
          InputError: It lacks one of the two signatures, or an input has another dtype than the
            settings' feature of that name.
        """
        self._path = path
        self._table = table
        self._model = tf.saved_model.load(path)
        self._query = self._signature(serving.QUERY_EMBEDDING)
        self._candidate = self._signature(serving.CANDIDATE_EMBEDDING)
        self._check_dtypes(self._query, serving.query_specs(table))
        self._check_dtypes(self._candidate, serving.candidate_specs(table))

    @property
    def inputs_sent_as_missing(self) -> tuple[str, ...]:
        """Inputs of the signatures that the present settings have no value for."""
        wanted = {**_inputs(self._query), **_inputs(self._candidate)}
        known = {**serving.query_specs(self._table), **serving.candidate_specs(self._table)}
        return tuple(sorted(set(wanted) - set(known)))

    def queries(
        self,
        windows: RawWindows,
        positions: np.ndarray,
        max_history: int,
        time_s: np.ndarray | None = None,
    ) -> np.ndarray:
        """Embeds the request just before each event, short histories with short ones.

        Args:
          windows: Raw windows.
          positions: [num_queries] int64, indices into the event columns of `windows`.
          max_history: The most past events that a request carries.
          time_s: [num_queries] int64, as for `components.requests.requests_for`.

        Returns:
          [num_queries, dim] float32.

        Raises:
          FloatingPointError: An embedding is not finite.
        """
        lengths = np.minimum(history_lengths(windows, positions), max_history)

        def request(rows: np.ndarray) -> dict[str, np.ndarray]:
            width = max(1, int(lengths[rows].max()))
            asked_at_s = None if time_s is None else time_s[rows]
            return requests_for(windows, self._table, positions[rows], width, asked_at_s)

        order = np.argsort(lengths, kind="stable")
        return self._embed(self._query, serving.QUERY_EMBEDDING, request, order, QUERY_BATCH)

    def candidates(self, catalogue: RawCatalogue) -> np.ndarray:
        """Embeds every row of the catalogue: [num_items, dim] float32.

        Raises:
          FloatingPointError: An embedding is not finite.
        """

        def request(rows: np.ndarray) -> dict[str, np.ndarray]:
            features = {name: values[rows] for name, values in catalogue.features.items()}
            return {ITEM_ID: catalogue.item_id[rows], **features}

        order = np.arange(len(catalogue))
        name = serving.CANDIDATE_EMBEDDING
        return self._embed(self._candidate, name, request, order, CANDIDATE_BATCH)

    def _embed(
        self,
        signature: Any,
        name: str,
        request: Callable[[np.ndarray], dict[str, np.ndarray]],
        order: np.ndarray,
        batch: int,
    ) -> np.ndarray:
        inputs = _inputs(signature)
        parts = []
        for first in range(0, len(order), batch):
            rows = order[first : first + batch]
            values = request(rows)
            tensors = {
                key: _tensor(values.get(key), spec, len(rows)) for key, spec in inputs.items()
            }
            embedding = signature(**tensors)[serving.OUTPUT_EMBEDDING].numpy()
            self._check_finite(embedding, name)
            parts.append(embedding)
        embeddings = np.concatenate(parts)
        in_order = np.empty_like(embeddings)
        in_order[order] = embeddings
        return in_order

    def _signature(self, name: str) -> Any:
        if name not in self._model.signatures:
            raise InputError(
                f"the SavedModel at {self._path} has no signature {name!r} "
                f"(it has {', '.join(sorted(self._model.signatures)) or 'none'}): "
                "it was not exported by this pipeline; train it again, or push to another place"
            )
        return self._model.signatures[name]

    def _check_dtypes(self, signature: Any, specs: serving.Specs) -> None:
        for name, spec in sorted(_inputs(signature).items()):
            if name in specs and specs[name].dtype != spec.dtype:
                raise InputError(
                    f"the SavedModel at {self._path} takes {name} as {spec.dtype.name}, and the "
                    f"settings make it {specs[name].dtype.name}: its kind has changed since that "
                    "model was trained; give the feature another name, with `column:` for the old"
                )

    def _check_finite(self, embedding: np.ndarray, name: str) -> None:
        bad = int((~np.isfinite(embedding)).any(axis=1).sum())
        if bad:
            raise FloatingPointError(
                f"{name} of the model at {self._path} gave NaN or infinite values in {bad} of "
                f"{len(embedding)} rows of a batch: training diverged; lower train.learning_rate, "
                "and look for extreme values among the numeric features"
            )


def _inputs(signature: Any) -> dict[str, tf.TensorSpec]:
    return signature.structured_input_signature[1]


def _tensor(values: np.ndarray | None, spec: tf.TensorSpec, num_rows: int) -> tf.Tensor:
    if values is None:
        shape = [num_rows] + [1] * (spec.shape.rank - 1)
        return tf.fill(shape, tf.constant(serving.missing_value(spec), spec.dtype))
    return tf.constant(values, spec.dtype)
