"""Train/serve parity of every signature: requests from raw data, against training.

The exact twin is asked, whose lists are those of the scores: how near ScaNN comes to it, recall
says. `serving_default` is held to what training computes with all hidden that it does not take.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from components.examples.read import RawCatalogue, RawWindows, read_raw_windows
from components.indexer.model.candidates import raw_items
from components.indexer.model.module import ServingOptions
from components.indexer.model.sample_requests import choices, to_examples
from components.indexer.probe.cases import Case
from components.parity.compare import Compared
from components.parity.find import find_queries
from components.parity.sample import ParitySample, read_sample
from components.parity.verdict import Parity, judge, no_sample
from components.requests import requests_for
from schemas import serving
from schemas.features import ITEM_ID
from schemas.metrics import LIST_LENGTH

GATE = "index.parity"
_NOT_COMPARED = (
    "answers that hold items are not compared: training gave them for another catalogue, as of the "
    "end of split train"
)
# Rows of one request: batches as they are served, the last of them smaller.
_BATCH = 24


@dataclass(frozen=True)
class ParityCases:
    """The cases of a model.

    Attributes:
      cases: All requests.
      num_ambiguous: Queries of the sample that were left out because two users share their window.
      num_missing: Queries and items of the sample that the data of this run lacks.
      is_reindex: Whether only `query_embedding` is asked: what serves has another catalogue, as of
        another instant, than training answered from.
    """

    cases: list[Case]
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
    """The requests that the model at `model_path` answered in training; None without a sample."""
    sample = read_sample(model_path)
    if sample is None:
        return None
    windows = read_raw_windows(windows_uri, sample.split, options.table)
    if is_reindex:
        return query_cases(sample, windows, options)
    return parity_cases(sample, windows, catalogue, options)


def judge_parity(cases: ParityCases | None, probed: dict[str, Any]) -> Parity:
    """Sums up what the probe found: by signature, the values of `Compared`."""
    if cases is None:
        return no_sample(GATE)
    compared = {name: Compared(**values) for name, values in probed.items()}
    parity = judge(GATE, compared, num_ambiguous=cases.num_ambiguous, num_missing=cases.num_missing)
    if not cases.is_reindex:
        return parity
    gate = replace(parity.gate, reason=f"{parity.gate.reason}; {_NOT_COMPARED}")
    return replace(parity, gate=gate, report={**parity.report, "left_out": _NOT_COMPARED})


def query_cases(sample: ParitySample, windows: RawWindows, options: ServingOptions) -> ParityCases:
    """What a re-index leaves of `parity_cases`: the embeddings of the sample's queries."""
    found = find_queries(sample, windows)
    cases = [
        case
        for rows in _batches(len(found.row))
        for case in _query_cases(sample, windows, found.position[rows], found.row[rows], options)
        if case.request[0] == serving.QUERY_EMBEDDING
    ]
    return ParityCases(cases, found.num_ambiguous, found.num_missing, is_reindex=True)


def parity_cases(
    sample: ParitySample, windows: RawWindows, catalogue: RawCatalogue, options: ServingOptions
) -> ParityCases:
    """Makes requests from the raw data of the sample's queries and items.

    Args:
      sample: What training answers.
      windows: Raw windows of the sample's split.
      catalogue: The raw catalogue.
      options: What the settings decide about requests.
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
            cases.append(Case((signature, inputs), sample.answer_of(signature, known[rows])))
    num_missing = found.num_missing + len(item_rows) - len(known)
    return ParityCases(cases, found.num_ambiguous, num_missing)


def _query_cases(
    sample: ParitySample,
    windows: RawWindows,
    positions: np.ndarray,
    rows: np.ndarray,
    options: ServingOptions,
) -> Iterator[Case]:
    query = requests_for(windows, options.table, positions, options.max_history)
    k = min(LIST_LENGTH, options.max_k)
    recommend = {**query, **choices(options.table, len(rows), k)}
    for signature, inputs in (
        (serving.QUERY_EMBEDDING, query),
        (serving.RECOMMEND, recommend),
        (serving.RECOMMEND_EXAMPLES, {serving.EXAMPLES: to_examples(recommend)}),
        (serving.DEFAULT, {name: query[name] for name in serving.default_specs()}),
    ):
        yield Case((signature, inputs), sample.answer_of(signature, rows))


def _batches(num_rows: int) -> list[np.ndarray]:
    return [np.arange(start, min(start + _BATCH, num_rows)) for start in range(0, num_rows, _BATCH)]
