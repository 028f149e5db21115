"""The `twotower` command: configuration, the graph of components, and where it runs."""

import schemas as schemas  # sets the Keras version before anything imports TensorFlow
