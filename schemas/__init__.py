"""Contracts between the steps: settings, features, schemas, signatures and file layouts.

Every package of this project imports `schemas` first, so this module makes the one setting that
must precede any import of TensorFlow: TensorFlow Recommenders needs Keras 2 (`tf_keras`).
"""

import os
import sys

if "tensorflow" in sys.modules and os.environ.get("TF_USE_LEGACY_KERAS") != "1":
    raise ImportError(
        "TensorFlow was imported before twotower with Keras 3, and TensorFlow Recommenders needs "
        "Keras 2: set TF_USE_LEGACY_KERAS=1 in the environment, or import `schemas` first."
    )
os.environ["TF_USE_LEGACY_KERAS"] = "1"
