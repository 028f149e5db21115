"""Columns of texts, and of lists of texts, as integer codes."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa


@dataclass(frozen=True)
class Texts:
    """A column of texts as codes and the distinct texts.

    Attributes:
      codes: [num_values] int64, indices into `values`.
      values: The distinct texts.
    """

    codes: npt.NDArray[np.int64]
    values: tuple[str, ...]

    def known(self, texts: frozenset[str]) -> npt.NDArray[np.bool_]:
        """Returns whether each value is one of some texts, [num_values] bool."""
        is_known = np.fromiter((value in texts for value in self.values), bool, len(self.values))
        return is_known[self.codes]


@dataclass(frozen=True)
class Lists:
    """Lists of texts; those of row r are codes[offsets[r]:offsets[r + 1]] of `texts`."""

    offsets: npt.NDArray[np.int64]
    texts: Texts

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """The [num_rows] lengths of the lists."""
        return np.diff(self.offsets)


def encode_texts(parts: list[pa.Array]) -> Texts:
    """Returns the column of texts of which some arrays are consecutive parts."""
    encoded = pa.chunked_array([part.dictionary_encode() for part in parts]).unify_dictionaries()
    codes = [chunk.indices.to_numpy() for chunk in encoded.chunks]
    values = encoded.chunk(encoded.num_chunks - 1).dictionary.to_pylist()
    return Texts(np.concatenate(codes).astype(np.int64), tuple(values))
