"""The `twotower` command: configuration, the pipeline graph, its runners and the demo log."""

import schemas as schemas  # sets the Keras version before TensorFlow is imported
