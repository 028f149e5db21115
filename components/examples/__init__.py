"""tf.Example files: encoding, sharded writing and reading."""
