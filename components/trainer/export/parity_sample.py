"""Answers of the training path to a sample: what the exported signatures are held to.

Queries come from transformed windows by the code that computes the loss, candidates by the code
that ranks the catalogue in validation: no Transform graph in the model, no request, no SavedModel.
"""

import numpy as np
import tensorflow as tf

from components.parity.exact import best_items
from components.parity.sample import ParitySample, fingerprint
from components.trainer.data.batches import one_batch
from components.trainer.data.columns import Columns
from components.trainer.data.repeated_items import folded
from components.trainer.data.windows import ROW, WEIGHT
from components.trainer.fit.train import TrainedTowers
from components.trainer.model.query_inputs import ids_alone, query_inputs
from components.trainer.model.two_tower import TwoTowerModel
from schemas import serving
from schemas.features import TIMESTAMP

_NUM_ITEMS = 128


def parity_sample(trained: TrainedTowers, knows_users: bool) -> ParitySample:
    """Computes what training answers to the sample that it kept.

    `serving_default` knows of a request the ids alone, so its answers are those to the windows with
    all else hidden, as training hides it.

    Args:
      trained: The model, with its candidate table and its sample of windows.
      knows_users: Whether the served model finds a user's features by the id.
    """
    model, item_id = trained.model, trained.candidates.item_id
    batch = one_batch(trained.sample)
    positions = tf.where(batch[WEIGHT] > 0)
    sample = trained.sample
    if model.excludes_history:
        # A target is the first event of its run: as many as before, in the same order.
        sample = folded(sample, model.features.outcome_columns)
    queries, bare_queries = _queries(model, one_batch(sample), knows_users)
    candidates = model.candidate_embeddings().numpy()
    window, position = positions.numpy().T
    rows = batch[ROW].numpy()
    excluded = [
        rows[w, : t if model.excludes_history else 0] for w, t in zip(window, position, strict=True)
    ]
    keys, num_events, last_s = _windows(rows, batch[TIMESTAMP].numpy(), item_id)
    items = np.unique(np.linspace(0, len(item_id) - 1, _NUM_ITEMS).round().astype(np.int64))
    recommended = best_items(queries, candidates, item_id, excluded)
    return ParitySample(
        split=trained.sample_split,
        window=keys[window],
        num_events=num_events[window],
        last_s=last_s[window],
        position=position,
        item_id=item_id[items],
        answers={
            serving.QUERY_EMBEDDING: {serving.OUTPUT_EMBEDDING: queries},
            serving.CANDIDATE_EMBEDDING: {serving.OUTPUT_EMBEDDING: candidates[items]},
            serving.RECOMMEND: recommended,
            serving.RECOMMEND_EXAMPLES: recommended,
            serving.DEFAULT: best_items(bare_queries, candidates, item_id, excluded),
            serving.SIMILAR_ITEMS: best_items(
                model.queries_of_items(tf.constant(candidates[items])).numpy(),
                candidates,
                item_id,
                list(items[:, np.newaxis]),
            ),
        },
    )


def _queries(
    model: TwoTowerModel, batch: Columns, knows_users: bool
) -> tuple[np.ndarray, np.ndarray]:
    """[num_queries, dim] float32: the queries with all that is known, and with the ids alone."""
    rows = batch[ROW]
    vectors = model.item_vectors(tf.reshape(rows, [-1]))
    vectors = tf.reshape(vectors, [*rows.shape, vectors.shape[1]])
    known = query_inputs(batch, model.features)
    positions = tf.where(batch[WEIGHT] > 0)
    bare = ids_alone(known, model.features, knows_users)
    queries = model.queries_of(positions, vectors, known)
    return queries.numpy(), model.queries_of(positions, vectors, bare).numpy()


def _windows(
    rows: np.ndarray, timestamp_s: np.ndarray, item_id: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """By window of a batch: fingerprint, number of events, time of the last."""
    # Padding stands behind the events, in the row after the last item.
    num_events = np.count_nonzero(rows < len(item_id), axis=1)
    keys = np.empty(len(rows), dtype=object)
    for window, length in enumerate(num_events):
        keys[window] = fingerprint(item_id[rows[window, :length]], timestamp_s[window, :length])
    return keys, num_events, timestamp_s[np.arange(len(rows)), num_events - 1]
