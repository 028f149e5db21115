"""Train/serve parity of the two towers: raw data through the signatures, against training.

The same windows went through Transform and the model in the trainer's memory; their answers lie
beside the model (`components.parity.sample`).
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from components.evaluator.embed import SignatureEncoder
from components.examples.read import RawCatalogue, RawWindows
from components.parity.compare import Compared, compare_lists, max_difference
from components.parity.exact import best_items
from components.parity.find import find_queries
from components.parity.sample import ParitySample, read_sample
from components.parity.verdict import Parity, judge, no_sample
from components.requests import history_lengths
from schemas import serving
from schemas.settings import DataSettings

GATE = "model.parity"
# The best items by exact search with the embeddings of both signatures.
EXACT_SEARCH = "exact_search"


def measure_parity(
    model_path: str,
    encoder: SignatureEncoder,
    candidates: np.ndarray,
    catalogue: RawCatalogue,
    windows: Mapping[str, RawWindows],
    data: DataSettings,
) -> Parity:
    """Holds a model's signatures to the answers of its training.

    Differences are those of scores: `query_embedding` and `candidate_embedding` each against what
    training gave the other side, and `exact_search` with the embeddings of both.

    Args:
      model_path: The SavedModel.
      encoder: Its signatures.
      candidates: [num_items, dim] float32, what `encoder` gives for the catalogue.
      catalogue: The raw catalogue.
      windows: Raw windows by split.
      data: Says how long histories are, and whether items come back.

    Returns:
      The report, and the gate `model.parity`, which rejects nothing where the model has no sample.
    """
    sample = read_sample(model_path)
    if sample is None:
        return no_sample(GATE)
    raw, max_history = windows[sample.split], data.history.max_length
    found = find_queries(sample, raw)
    catalogue_ids = pd.Index(catalogue.item_id)
    rows = catalogue_ids.get_indexer(pd.Index(sample.item_id))
    compared = {serving.CANDIDATE_EMBEDDING: _compare_candidates(sample, candidates, rows)}
    if len(found.row):
        queries = encoder.queries(raw, found.position, max_history)
        compared[serving.QUERY_EMBEDDING] = _compare_queries(sample, queries, found.row)
        width = max_history if data.repeat_interactions == "exclude" else 0
        newest = _newest(raw, found.position, width)
        excluded = [np.flatnonzero(catalogue_ids.isin(items)) for items in newest]
        served = best_items(queries, candidates, catalogue.item_id, excluded)
        trained = sample.answer_of(serving.RECOMMEND, found.row)
        compared[EXACT_SEARCH] = compare_lists(served, trained)
    num_missing = found.num_missing + int(np.count_nonzero(rows < 0))
    return judge(GATE, compared, num_ambiguous=found.num_ambiguous, num_missing=num_missing)


def _compare_candidates(sample: ParitySample, candidates: np.ndarray, rows: np.ndarray) -> Compared:
    known = np.flatnonzero(rows >= 0)
    queries = sample.answers[serving.QUERY_EMBEDDING][serving.OUTPUT_EMBEDDING]
    trained = sample.answers[serving.CANDIDATE_EMBEDDING][serving.OUTPUT_EMBEDDING][known]
    served = candidates[rows[known]]
    return Compared(len(known), max_difference(queries @ served.T, queries @ trained.T))


def _compare_queries(sample: ParitySample, queries: np.ndarray, rows: np.ndarray) -> Compared:
    candidates = sample.answers[serving.CANDIDATE_EMBEDDING][serving.OUTPUT_EMBEDDING]
    trained = sample.answers[serving.QUERY_EMBEDDING][serving.OUTPUT_EMBEDDING][rows]
    return Compared(len(rows), max_difference(queries @ candidates.T, trained @ candidates.T))


def _newest(windows: RawWindows, positions: np.ndarray, width: int) -> list[np.ndarray]:
    """By position, the items of the newest `width` events before it in its window."""
    lengths = np.minimum(history_lengths(windows, positions), width)
    return [
        windows.item_id[position - length : position]
        for position, length in zip(positions, lengths, strict=True)
    ]
