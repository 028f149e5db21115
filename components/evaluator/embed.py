"""Computes query and candidate embeddings through the signatures of a SavedModel, as in serving."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from components.examples.read import RawCatalogue, RawWindows
from components.query_requests import build_query_requests, history_lengths
from components.signature_inputs import by_traced_name
from schemas import serving, serving_specs
from schemas.errors import InputError
from schemas.features import ITEM_ID, FeatureTable

QUERY_BATCH = 512
CANDIDATE_BATCH = 2048


class SignatureEncoder:
    """The signatures `query_embedding` and `candidate_embedding` of a SavedModel.

    The SavedModel is a newly trained model, or the portable twin of a pushed version,
    which may have been trained with other feature settings. Inputs of the signatures that the
    settings do not define are sent as missing values (`inputs_sent_as_missing`); features that the
    signatures do not accept are not sent.
    """

    def __init__(self, path: str, table: FeatureTable):
        """Loads the SavedModel at `path`.

        Raises:
          InputError: One of the two signatures is missing, or an input has another dtype or
            number of dimensions than the feature of the same name in the settings.
        """
        self._path = path
        self._table = table
        self._model = tf.saved_model.load(path)
        self._query = self._signature(serving.QUERY_EMBEDDING)
        self._candidate = self._signature(serving.CANDIDATE_EMBEDDING)
        self._query_specs = serving_specs.query_specs(table)
        self._candidate_specs = serving_specs.candidate_specs(table)
        self._check_inputs(self._query, self._query_specs)
        self._check_inputs(self._candidate, self._candidate_specs)

    @property
    def inputs_sent_as_missing(self) -> tuple[str, ...]:
        """The names of signature inputs that the settings do not define, sorted."""
        accepted = {**_inputs(self._query), **_inputs(self._candidate)}
        defined = {**_by_argument(self._query_specs), **_by_argument(self._candidate_specs)}
        return tuple(sorted(set(accepted) - set(defined)))

    def queries(
        self,
        windows: RawWindows,
        positions: npt.NDArray[np.int64],
        max_history: int,
        time_s: npt.NDArray[np.int64] | None = None,
    ) -> npt.NDArray[np.float32]:
        """Embeds the request just before each event.

        Requests are batched by history length, so that short histories need little padding.

        Args:
          windows: Raw windows.
          positions: [num_queries] int64, indices into the event columns of `windows`.
          max_history: The maximum number of past events in a request.
          time_s: [num_queries] int64, the times of the requests, as for
            `components.query_requests.build_query_requests`.

        Returns:
          [num_queries, dim] float32.

        Raises:
          FloatingPointError: An embedding is not finite.
        """
        lengths = np.minimum(history_lengths(windows, positions), max_history)

        def request(rows: npt.NDArray[np.int64]) -> dict[str, npt.NDArray[Any]]:
            width = max(1, int(lengths[rows].max()))
            request_time_s = None if time_s is None else time_s[rows]
            inputs = build_query_requests(
                windows, self._table, positions[rows], width, request_time_s
            )
            return by_traced_name(inputs, self._query_specs)

        order = np.argsort(lengths, kind="stable")
        return self._embed(self._query, serving.QUERY_EMBEDDING, request, order, QUERY_BATCH)

    def candidates(self, catalogue: RawCatalogue) -> npt.NDArray[np.float32]:
        """Embeds every row of the catalogue.

        Returns:
          [num_items, dim] float32.

        Raises:
          FloatingPointError: An embedding is not finite.
        """

        def request(rows: npt.NDArray[np.int64]) -> dict[str, npt.NDArray[Any]]:
            features = {name: values[rows] for name, values in catalogue.features.items()}
            inputs = {ITEM_ID: catalogue.item_id[rows], **features}
            return by_traced_name(inputs, self._candidate_specs)

        order = np.arange(len(catalogue))
        name = serving.CANDIDATE_EMBEDDING
        return self._embed(self._candidate, name, request, order, CANDIDATE_BATCH)

    def _embed(
        self,
        signature: Any,
        name: str,
        request: Callable[[npt.NDArray[np.int64]], dict[str, npt.NDArray[Any]]],
        order: npt.NDArray[np.int64],
        batch: int,
    ) -> npt.NDArray[np.float32]:
        """Calls a signature on batches of rows in `order`; returns the embeddings by row."""
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
        by_row = np.empty_like(embeddings)
        by_row[order] = embeddings
        return by_row

    def _signature(self, name: str) -> Any:
        if name not in self._model.signatures:
            raise InputError(
                f"the SavedModel at {self._path} has no signature {name!r} "
                f"(it has {', '.join(sorted(self._model.signatures)) or 'none'}): "
                "it was not exported by this pipeline; train it again, or push to another folder"
            )
        return self._model.signatures[name]

    def _check_inputs(self, signature: Any, specs: serving_specs.Specs) -> None:
        accepted = _inputs(signature)
        for name, spec in sorted(specs.items()):
            found = accepted.get(spec.name)
            if found is None:
                continue
            # TensorFlow compares the dtypes of a call, but not the numbers of dimensions.
            if (found.dtype, found.shape.rank) != (spec.dtype, spec.shape.rank):
                raise InputError(
                    f"the SavedModel at {self._path} has the input {name} of dtype "
                    f"{_kind(found)}, but the settings define it as {_kind(spec)}: "
                    "the kind of the feature was changed after that model was trained; give the "
                    "feature a new name, and set its `column:` to the old one"
                )

    def _check_finite(self, embedding: npt.NDArray[np.float32], name: str) -> None:
        num_bad = int((~np.isfinite(embedding)).any(axis=1).sum())
        if num_bad:
            raise FloatingPointError(
                f"{name} of the model at {self._path} returned NaN or infinite values in {num_bad} "
                f"of {len(embedding)} rows of a batch"
            )


def _inputs(signature: Any) -> dict[str, tf.TensorSpec]:
    """Returns the inputs of a loaded signature by argument, in which features have their keys."""
    return signature.structured_input_signature[1]


def _kind(spec: tf.TensorSpec) -> str:
    """Returns the dtype of an input, and its shape if it is not one value per row."""
    return str(spec.dtype.name) if spec.shape.rank == 1 else f"{spec.dtype.name}{spec.shape}"


def _by_argument(specs: serving_specs.Specs) -> dict[str, tf.TensorSpec]:
    return {spec.name: spec for spec in specs.values()}


def _tensor(values: npt.NDArray[Any] | None, spec: tf.TensorSpec, num_rows: int) -> tf.Tensor:
    """The values as a tensor; a column of missing values if `values` is None."""
    if values is None:
        shape = [num_rows] + [1] * (spec.shape.rank - 1)
        return tf.fill(shape, tf.constant(serving_specs.missing_value(spec), spec.dtype))
    return tf.constant(values, spec.dtype)
