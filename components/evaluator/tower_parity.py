"""Train/serve parity of the two towers, checked on raw data through the exported signatures.

The trainer stores a sample of queries and items with the outputs of its own code, which reads
transformed examples, in the SavedModel (`components.parity.sample_file`). This module computes the
same outputs from raw windows and the raw catalogue through the signatures, and compares them.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from components.evaluator.embed import SignatureEncoder
from components.examples.read import RawCatalogue, RawWindows
from components.negative_events import negative_flags
from components.parity.compare import OutputDifference, compare_lists, max_difference
from components.parity.exact_search import exact_search
from components.parity.find_queries import find_queries
from components.parity.result import ParityResult, result_without_sample, summarize_parity
from components.parity.sample_file import ParitySample, read_sample
from components.query_requests import history_lengths
from schemas import serving
from schemas.settings import DataSettings

GATE = "model.parity"
# The key for the lists of exact search over the embeddings of both signatures.
EXACT_SEARCH = "exact_search"


def measure_parity(
    model_path: str,
    encoder: SignatureEncoder,
    candidates: npt.NDArray[np.float32],
    catalogue: RawCatalogue,
    windows: Mapping[str, RawWindows],
    data: DataSettings,
) -> ParityResult:
    """Compares the outputs of a model's signatures with those of the training code.

    Differences are differences of scores. `query_embedding` is compared by its scores with the
    training embeddings of the candidates, `candidate_embedding` by its scores with the training
    embeddings of the queries, and `exact_search` by the lists and scores from the embeddings of
    both signatures.

    Args:
      model_path: Path of the SavedModel.
      encoder: The signatures of the SavedModel.
      candidates: [num_items, dim] float32, the candidate embeddings of the raw catalogue.
      catalogue: The raw catalogue.
      windows: Raw windows of each split.
      data: The data settings: the maximum history length, and whether items may repeat.

    Returns:
      The report and the gate `model.parity`. The gate passes if the model has no sample.
    """
    sample = read_sample(model_path)
    if sample is None:
        return result_without_sample(GATE)
    split_windows, max_history = windows[sample.split], data.history.max_length
    found = find_queries(sample, split_windows)
    catalogue_ids = pd.Index(catalogue.item_id)
    item_rows = catalogue_ids.get_indexer(pd.Index(sample.item_id))
    differences = {serving.CANDIDATE_EMBEDDING: _compare_candidates(sample, candidates, item_rows)}
    if len(found.row):
        queries = encoder.queries(split_windows, found.position, max_history)
        differences[serving.QUERY_EMBEDDING] = _compare_queries(sample, queries, found.row)
        items_of_queries = _excluded_items(split_windows, found.position, data)
        excluded = [np.flatnonzero(catalogue_ids.isin(items)) for items in items_of_queries]
        served = exact_search(queries, candidates, catalogue.item_id, excluded)
        trained = sample.outputs_of(serving.RECOMMEND, found.row)
        differences[EXACT_SEARCH] = compare_lists(served, trained)
    return summarize_parity(
        GATE,
        differences,
        num_ambiguous=found.num_ambiguous,
        num_missing=found.num_missing + int(np.count_nonzero(item_rows < 0)),
    )


def _compare_candidates(
    sample: ParitySample, candidates: npt.NDArray[np.float32], item_rows: npt.NDArray[np.int64]
) -> OutputDifference:
    known = np.flatnonzero(item_rows >= 0)
    queries = _embeddings(sample, serving.QUERY_EMBEDDING)
    trained = _embeddings(sample, serving.CANDIDATE_EMBEDDING)[known]
    served = candidates[item_rows[known]]
    difference = max_difference(queries @ served.T, queries @ trained.T)
    return OutputDifference(len(known), difference)


def _compare_queries(
    sample: ParitySample, queries: npt.NDArray[np.float32], sample_rows: npt.NDArray[np.int64]
) -> OutputDifference:
    candidates = _embeddings(sample, serving.CANDIDATE_EMBEDDING)
    trained = _embeddings(sample, serving.QUERY_EMBEDDING)[sample_rows]
    difference = max_difference(queries @ candidates.T, trained @ candidates.T)
    return OutputDifference(len(sample_rows), difference)


def _embeddings(sample: ParitySample, signature: str) -> npt.NDArray[np.float32]:
    """The embeddings that the training code computed for a signature."""
    return sample.outputs[signature][serving.OUTPUT_EMBEDDING]


def _excluded_items(
    windows: RawWindows, positions: npt.NDArray[np.int64], data: DataSettings
) -> list[list[bytes]]:
    """For each position, the items that are not recommended because of the history before it."""
    lengths = np.minimum(history_lengths(windows, positions), data.history.max_length)
    is_excluding = np.full(len(windows.item_id), data.repeat_interactions == "exclude")
    if data.targets.negative is not None:
        is_excluding |= negative_flags(
            data.targets.negative, pa.array(windows.event_type, pa.binary()), windows.value
        )
    excluded = []
    for position, length in zip(positions, lengths, strict=True):
        history = slice(position - length, position)
        last_event = dict(zip(windows.item_id[history], is_excluding[history], strict=True))
        excluded.append([item for item, excludes in last_event.items() if excludes])
    return excluded
