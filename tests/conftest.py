"""Settings that every test needs before TensorFlow is imported."""

import os

from hypothesis import settings

import schemas  # noqa: F401 - makes the Keras setting
from pipeline.environment import quieten

quieten()

# TensorFlow traces a function at its first call: the first example of a test may take seconds.
# In CI the examples are the same in every run; elsewhere they differ, and so search on.
settings.register_profile("twotower", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("twotower")
