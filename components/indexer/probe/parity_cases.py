"""Builds the requests that compare the served signatures with training (train/serve parity).

The requests are built from raw data and sent to the model with exact search, whose results do not
depend on an approximation; the recall of approximate searches is measured separately. The expected
outputs of `serving_default` are computed in training without the inputs that it does not have.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from components.examples.read import RawCatalogue, RawWindows, read_raw_windows
from components.indexer.model.candidates import raw_items
from components.indexer.model.sample_requests import to_examples, unrestricted_inputs
from components.indexer.model.serving_model import ServingOptions
from components.indexer.probe.replay import ParityCase
from components.parity.compare import OutputDifference
from components.parity.find_queries import find_queries
from components.parity.result import ParityResult, result_without_sample, summarize_parity
from components.parity.sample_file import ParitySample, read_sample
from components.query_requests import build_query_requests
from schemas import serving, serving_specs
from schemas.features import ITEM_ID
from schemas.metrics import LIST_LENGTH

GATE = "index.parity"
_NOT_COMPARED = (
    "outputs that contain items are not compared: in training they were computed for a different "
    "catalogue, as of the end of split train"
)
# Rows per request. The last request of a signature is usually smaller.
_BATCH = 24


@dataclass(frozen=True)
class ParityCases:
    """The parity cases of a model.

    Attributes:
      cases: Requests with their expected outputs.
      num_ambiguous: Queries of the sample that are left out because two users have the same window.
      num_missing: Queries and items of the sample that do not occur in the data of this run.
      is_reindex: Whether only `query_embedding` is compared, because the served catalogue and its
        time differ from those in training.
    """

    cases: list[ParityCase]
    num_ambiguous: int
    num_missing: int
    is_reindex: bool = False


def read_parity_cases(
    model_path: str,
    windows_uri: str,
    catalogue: RawCatalogue,
    options: ServingOptions,
    is_reindex: bool = False,
) -> ParityCases | None:
    """Reads the parity sample of a model and builds its cases.

    Args:
      model_path: SavedModel of the towers, which contains the sample.
      windows_uri: Raw windows Examples.
      catalogue: The raw catalogue.
      options: The options of the served model.
      is_reindex: Whether the catalogue differs from the one that the model was trained on.

    Returns:
      The cases; None if the model has no parity sample.
    """
    sample = read_sample(model_path)
    if sample is None:
        return None
    windows = read_raw_windows(windows_uri, sample.split, options.table)
    if is_reindex:
        return build_query_cases(sample, windows, options)
    return build_parity_cases(sample, windows, catalogue, options)


def parity_result(cases: ParityCases | None, probed: dict[str, Any]) -> ParityResult:
    """Returns the report and the gate of train/serve parity.

    Args:
      cases: The cases; None if the model has no parity sample.
      probed: By signature, the fields of `OutputDifference` that the probe measured.
    """
    if cases is None:
        return result_without_sample(GATE)
    differences = {name: OutputDifference(**values) for name, values in probed.items()}
    parity = summarize_parity(
        GATE, differences, num_ambiguous=cases.num_ambiguous, num_missing=cases.num_missing
    )
    if not cases.is_reindex:
        return parity
    gate = replace(parity.gate, reason=f"{parity.gate.reason}; {_NOT_COMPARED}")
    return replace(parity, gate=gate, report={**parity.report, "left_out": _NOT_COMPARED})


def build_query_cases(
    sample: ParitySample, windows: RawWindows, options: ServingOptions
) -> ParityCases:
    """Builds the cases of a re-index: the query embeddings of the sample."""
    found = find_queries(sample, windows)
    cases = [
        case
        for rows in _batches(len(found.row))
        for case in _query_cases(sample, windows, found.position[rows], found.row[rows], options)
        if case.request[0] == serving.QUERY_EMBEDDING
    ]
    return ParityCases(cases, found.num_ambiguous, found.num_missing, is_reindex=True)


def build_parity_cases(
    sample: ParitySample, windows: RawWindows, catalogue: RawCatalogue, options: ServingOptions
) -> ParityCases:
    """Builds the cases of all signatures from the raw data of the sample's queries and items.

    Args:
      sample: The queries and items with the outputs of training.
      windows: Raw windows of the sample's split.
      catalogue: The raw catalogue.
      options: The options of the served model.
    """
    found = find_queries(sample, windows)
    item_rows = pd.Index(catalogue.item_id).get_indexer(pd.Index(sample.item_id, dtype=object))
    known = np.flatnonzero(item_rows >= 0)
    items = {name: values[item_rows[known]] for name, values in raw_items(catalogue).items()}
    cases = [
        case
        for rows in _batches(len(found.row))
        for case in _query_cases(sample, windows, found.position[rows], found.row[rows], options)
    ]
    for rows in _batches(len(known)):
        item = {name: values[rows] for name, values in items.items()}
        for signature, inputs in (
            (serving.CANDIDATE_EMBEDDING, item),
            (serving.SIMILAR_ITEMS, {ITEM_ID: item[ITEM_ID]}),
        ):
            cases.append(ParityCase((signature, inputs), sample.outputs_of(signature, known[rows])))
    num_missing = found.num_missing + len(item_rows) - len(known)
    return ParityCases(cases, found.num_ambiguous, num_missing)


def _query_cases(
    sample: ParitySample,
    windows: RawWindows,
    positions: npt.NDArray[np.int64],
    rows: npt.NDArray[np.int64],
    options: ServingOptions,
) -> Iterator[ParityCase]:
    query = build_query_requests(windows, options.table, positions, options.max_history)
    k = min(LIST_LENGTH, options.max_k)
    recommend = {**query, **unrestricted_inputs(options.table, len(rows), k)}
    for signature, inputs in (
        (serving.QUERY_EMBEDDING, query),
        (serving.RECOMMEND, recommend),
        (serving.RECOMMEND_EXAMPLES, {serving.EXAMPLES: to_examples(recommend)}),
        (serving.DEFAULT, {name: query[name] for name in serving_specs.default_specs()}),
    ):
        yield ParityCase((signature, inputs), sample.outputs_of(signature, rows))


def _batches(num_rows: int) -> list[npt.NDArray[np.int64]]:
    return [np.arange(start, min(start + _BATCH, num_rows)) for start in range(0, num_rows, _BATCH)]
