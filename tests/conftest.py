"""Settings that every test needs before TensorFlow is imported."""

from hypothesis import settings

import schemas  # noqa: F401 - makes the Keras setting
from pipeline.environment import quieten

quieten()

# TensorFlow traces a function at its first call: the first example of a test may take seconds.
settings.register_profile("twotower", deadline=None)
settings.load_profile("twotower")
