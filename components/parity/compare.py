"""Compares the outputs of exported signatures with those of the training code."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from components.parity.sample_file import SignatureOutputs
from schemas import serving

# The largest accepted difference, relative to the largest score of the query (at least 1).
TOLERANCE = 1e-5
# The difference that is reported for NaN and infinity, which JSON cannot represent.
_NOT_FINITE = float(np.finfo(np.float32).max)


@dataclass(frozen=True)
class OutputDifference:
    """The difference between serving and training outputs of one signature.

    Attributes:
      rows: Number of queries or items that were compared.
      max_difference: The relative difference computed by `max_difference`, of scores or of
        embedding coordinates.
      equal_lists: Share of rows with the same recommended ids; None if the signature does not
        return lists.
    """

    rows: int
    max_difference: float
    equal_lists: float | None = None

    @property
    def is_equal(self) -> bool:
        """Whether the outputs are equal up to TOLERANCE."""
        return self.max_difference <= TOLERANCE and self.equal_lists in (None, 1.0)


def max_difference(
    served: npt.NDArray[np.floating[Any]], trained: npt.NDArray[np.floating[Any]]
) -> float:
    """Returns max |served - trained| / max(1, max |trained| of the row) over all values.

    The scale is that of the row, not of the value: a score near 0 may be the sum of large products
    that cancel, with the float32 rounding error of the large ones.

    Args:
      served: [num_rows, n] scores of a query or coordinates of an embedding.
      trained: [num_rows, n], the expected values. Unfilled places (PADDING_SCORE) do not count
        towards the scale.

    Returns:
      0 if there are no rows; the largest float32 if a value is not finite.
    """
    difference = np.abs(served - trained.astype(np.float64)) / _scale(trained)
    return float(np.where(np.isfinite(difference), difference, _NOT_FINITE).max(initial=0.0))


def _scale(trained: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.float64]:
    """[num_rows, 1] float64: the largest |value| of each row, at least 1."""
    is_item = trained != np.float32(serving.PADDING_SCORE)
    size = np.abs(trained.astype(np.float64))
    return size.max(axis=1, initial=1.0, where=is_item, keepdims=True)


def matching_lists(served: SignatureOutputs, trained: SignatureOutputs) -> npt.NDArray[np.bool_]:
    """Returns which lists are equal, up to the order of items with equal scores.

    Scores are equal if they differ by at most TOLERANCE (relative to the row's scale). An item that
    occurs in only one of the lists must have the score of the last place of the other.

    Args:
      served: `item_id` [num_rows, K] bytes and `score` [num_rows, K] float32, best first.
      trained: The expected values, of the same shapes.

    Returns:
      [num_rows] bool.
    """
    scores, expected = served[serving.OUTPUT_SCORE], trained[serving.OUTPUT_SCORE]
    served_scores = _scores_by_id(served)
    limits = TOLERANCE * _scale(expected)[:, 0]
    return np.array(
        [
            max_difference(scores[row : row + 1], expected[row : row + 1]) <= TOLERANCE
            # The score of the last place is an upper bound for items outside the list.
            and all(
                abs(served_scores[row].get(item, last) - trained_scores.get(item, last))
                <= limits[row]
                for item in {*served_scores[row], *trained_scores}
            )
            for row, (trained_scores, last) in enumerate(
                zip(_scores_by_id(trained), expected[:, -1].tolist(), strict=True)
            )
        ],
        bool,
    )


def _scores_by_id(outputs: SignatureOutputs) -> list[dict[bytes, float]]:
    ids, scores = outputs[serving.OUTPUT_ITEM_ID], outputs[serving.OUTPUT_SCORE].tolist()
    return [dict(zip(row, values, strict=True)) for row, values in zip(ids, scores, strict=True)]


def compare_lists(served: SignatureOutputs, trained: SignatureOutputs) -> OutputDifference:
    """Compares recommended lists; if one is longer, only its first places are compared."""
    width = min(outputs[serving.OUTPUT_ITEM_ID].shape[1] for outputs in (served, trained))
    served, trained = (
        {name: values[:, :width] for name, values in outputs.items()}
        for outputs in (served, trained)
    )
    is_same = matching_lists(served, trained)
    difference = max_difference(served[serving.OUTPUT_SCORE], trained[serving.OUTPUT_SCORE])
    share = float(is_same.mean()) if len(is_same) else 1.0
    return OutputDifference(len(is_same), difference, share)


def compare_embeddings(served: SignatureOutputs, trained: SignatureOutputs) -> OutputDifference:
    """Compares embeddings coordinate by coordinate."""
    embedding, expected = served[serving.OUTPUT_EMBEDDING], trained[serving.OUTPUT_EMBEDDING]
    return OutputDifference(len(expected), max_difference(embedding, expected))


def compare_outputs(served: SignatureOutputs, trained: SignatureOutputs) -> OutputDifference:
    """Compares the outputs of any signature: embeddings or recommended lists."""
    if serving.OUTPUT_EMBEDDING in trained:
        return compare_embeddings(served, trained)
    return compare_lists(served, trained)
