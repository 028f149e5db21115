"""TFRecord files of tf.Examples: encoding, sharded writing and reading."""
