"""The outputs of the training code for a sample, with which the exported signatures are compared.

Queries are computed from transformed windows by the code of the loss, and candidates by the code of
the validation metric. Neither uses the transform graph in the model, a request or the SavedModel.
"""

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from components.parity.exact_search import exact_search
from components.parity.sample_file import ParitySample, window_fingerprint
from components.trainer.data.batches import one_batch
from components.trainer.data.columns import Columns
from components.trainer.data.consecutive_events import merge_consecutive_events
from components.trainer.data.windows import ROW, WEIGHT
from components.trainer.fit.train import TrainedTowers
from components.trainer.model.excluded_rows import excluded_rows
from components.trainer.model.query_inputs import keep_ids_only, query_inputs
from components.trainer.model.towers import RetrievalTowers
from schemas import serving
from schemas.features import TIMESTAMP

_NUM_ITEMS = 128


def parity_sample(trained: TrainedTowers, has_user_table: bool) -> ParitySample:
    """Computes the outputs of the training code for the sample of the training.

    A request to `serving_default` contains ids only. Its expected outputs are computed from windows
    in which everything else is hidden, as training hides it.

    Args:
      trained: The model, with its candidate table and its sample of windows.
      has_user_table: Whether the served model adds a user's features by the user's id.
    """
    towers, item_id = trained.towers, trained.candidates.item_id
    batch = one_batch(trained.sample)
    positions = tf.where(batch[WEIGHT] > 0)
    sample = trained.sample
    if towers.excludes_history:
        # Each target is the first event of its run, so that the targets and their order stay the
        # same.
        sample = merge_consecutive_events(sample, towers.features.outcome_columns)
    queries, default_queries = _query_embeddings(towers, one_batch(sample), has_user_table)
    candidates = towers.catalogue_embeddings().numpy()
    window, position = positions.numpy().T
    rows = batch[ROW].numpy()
    excluded = _excluded(positions, batch, towers)
    # A request without event types and values contains no negative feedback.
    by_ids = excluded if towers.excludes_history else [np.empty(0, np.int64)] * len(position)
    keys, num_events, last_s = _window_keys(rows, batch[TIMESTAMP].numpy(), item_id)
    items = np.unique(np.linspace(0, len(item_id) - 1, _NUM_ITEMS).round().astype(np.int64))
    recommended = exact_search(queries, candidates, item_id, excluded)
    return ParitySample(
        split=trained.sample_split,
        window=keys[window],
        num_events=num_events[window],
        last_s=last_s[window],
        position=position,
        item_id=item_id[items],
        outputs={
            serving.QUERY_EMBEDDING: {serving.OUTPUT_EMBEDDING: queries},
            serving.CANDIDATE_EMBEDDING: {serving.OUTPUT_EMBEDDING: candidates[items]},
            serving.RECOMMEND: recommended,
            serving.RECOMMEND_EXAMPLES: recommended,
            serving.DEFAULT: exact_search(default_queries, candidates, item_id, by_ids),
            serving.SIMILAR_ITEMS: exact_search(
                towers.similar_item_queries(tf.constant(candidates[items])).numpy(),
                candidates,
                item_id,
                list(items[:, np.newaxis]),
            ),
        },
    )


def _excluded(
    positions: tf.Tensor, batch: Columns, towers: RetrievalTowers
) -> list[npt.NDArray[np.int64]]:
    """Returns the rows of the candidates that are not recommended to each query."""
    padded = excluded_rows(positions, batch, towers)
    if padded is None:
        return [np.empty(0, np.int64)] * len(positions)
    return [rows[rows != towers.num_items] for rows in padded.numpy().astype(np.int64)]


def _query_embeddings(
    towers: RetrievalTowers, batch: Columns, has_user_table: bool
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Returns [num_queries, width] float32 twice: from all inputs, and from ids only."""
    rows = batch[ROW]
    vectors = towers.item_vectors(tf.reshape(rows, [-1]))
    vectors = tf.reshape(vectors, [*rows.shape, vectors.shape[1]])
    inputs = query_inputs(batch, towers.features)
    positions = tf.where(batch[WEIGHT] > 0)
    ids_only = keep_ids_only(inputs, towers.features, has_user_table)
    queries = towers.query_embeddings(positions, vectors, inputs)
    return queries.numpy(), towers.query_embeddings(positions, vectors, ids_only).numpy()


def _window_keys(
    rows: npt.NDArray[np.int32],
    timestamp_s: npt.NDArray[np.int64],
    item_id: npt.NDArray[np.object_],
) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Returns the fingerprint, number of events and last timestamp of each window of a batch."""
    # Padding follows the events, and has the row after the last item.
    num_events = np.count_nonzero(rows < len(item_id), axis=1)
    keys = np.empty(len(rows), dtype=object)
    for window, length in enumerate(num_events):
        keys[window] = window_fingerprint(
            item_id[rows[window, :length]], timestamp_s[window, :length]
        )
    return keys, num_events, timestamp_s[np.arange(len(rows)), num_events - 1]
