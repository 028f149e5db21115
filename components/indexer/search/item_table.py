"""Item ids and the rows they stand in, both ways, inside the served model."""

import os

import numpy as np
import tensorflow as tf

from components.indexer.search.select import NO_ROW
from components.row_table import RowTable
from schemas.bundle import VARIABLES_PREFIX
from schemas.serving import PADDING_ITEM_ID

_VARIABLE = "items/item_id/.ATTRIBUTES/VARIABLE_VALUE"


class ItemTable(tf.Module):
    """A two-way map of item ids and rows; what it does not know is -1 and ""."""

    def __init__(self, item_id: np.ndarray):
        """Args: item_id: [num_items] bytes, distinct and not empty."""
        super().__init__(name="items")
        self.num_items = len(item_id)
        padded = np.append(item_id.astype(object), PADDING_ITEM_ID.encode())
        self.item_id = tf.Variable(padded, trainable=False, name="item_id", dtype=tf.string)
        self.row = RowTable(self.item_id, self.num_items, default=NO_ROW)

    def rows(self, item_id: tf.Tensor) -> tf.Tensor:
        """int32 rows of string ids of any shape; -1 for "" and unknown ones."""
        return self.row.lookup(item_id)

    def ids(self, rows: tf.Tensor) -> tf.Tensor:
        """String ids of int32 rows of any shape; "" for -1."""
        return tf.gather(self.item_id, tf.where(rows == NO_ROW, self.num_items, rows))


def read_item_ids(model_dir: str) -> np.ndarray:
    """Ids of the items that an exported model knows, [num_items] bytes."""
    variables = tf.train.load_checkpoint(os.path.join(model_dir, VARIABLES_PREFIX))
    return variables.get_tensor(_VARIABLE)[:-1]
