"""The items that are currently unavailable, read from a file in the assets of the model.

TensorFlow reads the file when the model is loaded. Towers and index do not change, so an item that
is sold out requires a new line in the file but no re-index.
"""

import os
import tempfile
from collections.abc import Iterable

import tensorflow as tf

from components.indexer.search.item_table import ItemTable
from components.unavailable_items import HEADER, write_unavailable
from schemas.bundle import UNAVAILABLE_FILE

_AVAILABLE = ""


class UnavailableItems(tf.Module):
    """The set of unavailable items; ids that are not in the catalogue have no effect.

    The names of attributes are part of the exported graph.
    """

    def __init__(self, items: ItemTable, listed: Iterable[str] = ()):
        """Creates the set and its asset file.

        Args:
          items: The items of the catalogue.
          listed: Ids of unavailable items, which are written to a file in `assets/`.
        """
        super().__init__(name="availability")
        self.items = items
        # `tf.saved_model.save` copies the file into the SavedModel.
        self._folder = tempfile.TemporaryDirectory()
        path = os.path.join(self._folder.name, os.path.basename(UNAVAILABLE_FILE))
        write_unavailable(path, listed)
        whole_line = tf.lookup.TextFileIndex.WHOLE_LINE
        self.table = tf.lookup.StaticHashTable(
            # Key and value are the line itself. With line numbers as values, a file that contains
            # an id twice could not be loaded.
            tf.lookup.TextFileInitializer(path, tf.string, whole_line, tf.string, whole_line),
            default_value=_AVAILABLE,
        )

    def num_listed(self) -> tf.Tensor:
        """Returns the number of ids in the list, a scalar int32."""
        has_header = self.table.lookup(tf.constant(HEADER)) != _AVAILABLE
        return tf.cast(self.table.size(), tf.int32) - tf.cast(has_header, tf.int32)

    def is_listed(self, rows: tf.Tensor) -> tf.Tensor:
        """Returns whether the items of int32 rows of any shape are unavailable; false for -1."""
        return self.table.lookup(self.items.ids(rows)) != _AVAILABLE
