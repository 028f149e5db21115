"""A lookup table from strings to row numbers, for served graphs."""

import tensorflow as tf


class StringLookupTable(tf.Module):
    """Looks up the row of each string in a variable of distinct strings.

    The table is filled from the variable whenever a model is loaded. Constants would be stored in
    the graph several times, at about a kilobyte per string when served, and a vocabulary file
    cannot hold ids that contain a line break.
    """

    def __init__(self, keys: tf.Variable, num_keys: int, default: int):
        """Creates the table that maps keys[i] to i.

        Args:
          keys: [>= num_keys] string; the first `num_keys` are distinct.
          num_keys: Number of leading entries of `keys` that are in the table.
          default: The row that is returned for any other string.
        """
        super().__init__(name="string_lookup_table")
        self._keys = keys
        self._table = tf.lookup.StaticHashTable(_VariableInitializer(keys, num_keys), default)

    def lookup(self, strings: tf.Tensor) -> tf.Tensor:
        """Returns the rows of `strings`, a string tensor of any shape, as int32."""
        return self._table.lookup(strings)


class _VariableInitializer(tf.lookup.KeyValueTensorInitializer):
    def __init__(self, keys: tf.Variable, num_keys: int):
        # `initialize` ignores the keys and values of the base class.
        super().__init__([""], [0], tf.string, tf.int32)
        self._variable = keys
        self._num_keys = num_keys

    def initialize(self, table: tf.lookup.StaticHashTable) -> tf.Operation:
        """Fills the table; loaders run this after they have restored the variables."""
        return tf.raw_ops.InitializeTableV2(
            table_handle=table.resource_handle,
            keys=self._variable.read_value()[: self._num_keys],
            values=tf.range(self._num_keys),
        )
