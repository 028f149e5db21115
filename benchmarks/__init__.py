"""Programs that measure quality, speed and memory and print tables; none asserts a time."""

import schemas as schemas  # sets the Keras version before anything imports TensorFlow
