"""Items that may not be recommended at the moment, from a file that stands beside the model.

TensorFlow reads it once, when the model is loaded. Towers and index stay as they are: an item that
sold out is a line in a file, not a re-index.
"""

import os
import tempfile
from collections.abc import Iterable

import tensorflow as tf

from components.indexer.search.item_table import ItemTable
from components.unavailable import HEADER, write_unavailable
from schemas.bundle import UNAVAILABLE_FILE

_AVAILABLE = ""


class Availability(tf.Module):
    """Knows which rows are listed; ids that the catalogue does not hold change nothing."""

    def __init__(self, items: ItemTable, listed: Iterable[str] = ()):
        """Args: listed: ids; every exported model carries them in a file in `assets/`."""
        super().__init__(name="availability")
        self.items = items
        # The file is copied into the SavedModel when that is written.
        self._folder = tempfile.TemporaryDirectory()
        path = os.path.join(self._folder.name, os.path.basename(UNAVAILABLE_FILE))
        write_unavailable(path, listed)
        whole_line = tf.lookup.TextFileIndex.WHOLE_LINE
        self.table = tf.lookup.StaticHashTable(
            # The value is the line itself: by its number, an id that stands twice would not load.
            tf.lookup.TextFileInitializer(path, tf.string, whole_line, tf.string, whole_line),
            default_value=_AVAILABLE,
        )

    def num_listed(self) -> tf.Tensor:
        """Scalar int32: how many ids the list has."""
        has_header = self.table.lookup(tf.constant(HEADER)) != _AVAILABLE
        return tf.cast(self.table.size(), tf.int32) - tf.cast(has_header, tf.int32)

    def is_listed(self, rows: tf.Tensor) -> tf.Tensor:
        """Whether the items of int32 rows, of any shape, are unavailable; false for -1."""
        return self.table.lookup(self.items.ids(rows)) != _AVAILABLE
