"""Holds answers of serving against those of training."""

from dataclasses import dataclass

import numpy as np

from components.parity.sample import Answer
from schemas import serving

# What a score may differ by, of the largest of its query's scores or of 1, if they are smaller.
TOLERANCE = 1e-5
# What NaN and infinity count as: JSON has neither.
_NOT_FINITE = float(np.finfo(np.float32).max)


@dataclass(frozen=True)
class Compared:
    """How far one signature is from training.

    Attributes:
      rows: Queries or items that were compared.
      max_difference: As `max_difference`, of scores or of the coordinates of embeddings.
      equal_lists: Share of rows with the same ids; None where the answer is no list.
    """

    rows: int
    max_difference: float
    equal_lists: float | None = None

    @property
    def is_equal(self) -> bool:
        """Whether serving answers as training does."""
        return self.max_difference <= TOLERANCE and self.equal_lists in (None, 1.0)


def max_difference(served: np.ndarray, trained: np.ndarray) -> float:
    """The largest |served - trained| in a row, by the largest |trained| of the row or by 1.

    A score near 0 among large ones is what remains where large products cancel. It carries their
    rounding, so its own size is no measure of what float32 can hold.

    Args:
      served: [num_rows, n] scores of a query or coordinates of an embedding.
      trained: The same of training; the lowest score is a place without an item.

    Returns:
      0 where there are no rows; a finite number where a value is not finite.
    """
    difference = np.abs(served - trained.astype(np.float64)) / _scale(trained)
    return float(np.where(np.isfinite(difference), difference, _NOT_FINITE).max(initial=0.0))


def _scale(trained: np.ndarray) -> np.ndarray:
    """[num_rows, 1] float64: the largest |value| of each row, at least 1."""
    is_item = trained != np.float32(serving.PADDING_SCORE)
    size = np.abs(trained.astype(np.float64))
    return size.max(axis=1, initial=1.0, where=is_item, keepdims=True)


def equal_lists(served: Answer, trained: Answer) -> np.ndarray:
    """Which lists are the same: ids may change places only where their scores are equal.

    Scores are equal up to TOLERANCE. An item that only one list has is a tie with the last place.

    Args:
      served: `item_id` [num_rows, K] bytes and `score` [num_rows, K] float32, best first.
      trained: The same of training.

    Returns:
      [num_rows] bool.
    """
    scores, expected = served[serving.OUTPUT_SCORE], trained[serving.OUTPUT_SCORE]
    found = _by_id(served)
    limits = TOLERANCE * _scale(expected)[:, 0]
    return np.array(
        [
            max_difference(scores[row : row + 1], expected[row : row + 1]) <= TOLERANCE
            # The last place is what an item scores at most that the other list lacks.
            and all(
                abs(found[row].get(item, last) - wanted.get(item, last)) <= limits[row]
                for item in {*found[row], *wanted}
            )
            for row, (wanted, last) in enumerate(
                zip(_by_id(trained), expected[:, -1].tolist(), strict=True)
            )
        ],
        bool,
    )


def _by_id(answer: Answer) -> list[dict[bytes, float]]:
    ids, scores = answer[serving.OUTPUT_ITEM_ID], answer[serving.OUTPUT_SCORE].tolist()
    return [dict(zip(row, values, strict=True)) for row, values in zip(ids, scores, strict=True)]


def compare_lists(served: Answer, trained: Answer) -> Compared:
    """Compares lists over the places that both have."""
    width = min(answer[serving.OUTPUT_ITEM_ID].shape[1] for answer in (served, trained))
    served, trained = (
        {name: values[:, :width] for name, values in answer.items()} for answer in (served, trained)
    )
    same = equal_lists(served, trained)
    difference = max_difference(served[serving.OUTPUT_SCORE], trained[serving.OUTPUT_SCORE])
    return Compared(len(same), difference, float(same.mean()) if len(same) else 1.0)


def compare_embeddings(served: Answer, trained: Answer) -> Compared:
    """Compares embeddings coordinate by coordinate."""
    found, expected = served[serving.OUTPUT_EMBEDDING], trained[serving.OUTPUT_EMBEDDING]
    return Compared(len(expected), max_difference(found, expected))


def compare(served: Answer, trained: Answer) -> Compared:
    """Compares the answers of any signature."""
    if serving.OUTPUT_EMBEDDING in trained:
        return compare_embeddings(served, trained)
    return compare_lists(served, trained)
