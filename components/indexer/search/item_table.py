"""The mapping between item ids and row numbers in the served model."""

import os

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from components.indexer.search.eligible_top_k import NO_ROW
from components.string_lookup import StringLookupTable
from schemas.bundle import VARIABLES_PREFIX
from schemas.serving import PADDING_ITEM_ID

_VARIABLE = "items/item_id/.ATTRIBUTES/VARIABLE_VALUE"


class ItemTable(tf.Module):
    """A two-way map between item ids and rows; unknown items are -1 and ""."""

    def __init__(self, item_id: npt.NDArray[np.object_]):
        """Creates the map.

        Args:
          item_id: [num_items] bytes, distinct and not empty.
        """
        super().__init__(name="items")
        self.num_items = len(item_id)
        padded = np.append(item_id.astype(object), PADDING_ITEM_ID.encode())
        self.item_id = tf.Variable(padded, trainable=False, name="item_id", dtype=tf.string)
        self.row = StringLookupTable(self.item_id, self.num_items, default=NO_ROW)

    def rows(self, item_id: tf.Tensor) -> tf.Tensor:
        """Returns the int32 rows of string ids of any shape; -1 for "" and unknown ids."""
        return self.row.lookup(item_id)

    def ids(self, rows: tf.Tensor) -> tf.Tensor:
        """Returns the string ids of int32 rows of any shape; "" for -1."""
        return tf.gather(self.item_id, tf.where(rows == NO_ROW, self.num_items, rows))


def read_item_ids(model_dir: str) -> npt.NDArray[np.object_]:
    """Reads the ids of the items of an exported model, [num_items] bytes."""
    variables = tf.train.load_checkpoint(os.path.join(model_dir, VARIABLES_PREFIX))
    return variables.get_tensor(_VARIABLE)[:-1]
