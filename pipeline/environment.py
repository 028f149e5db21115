"""Process settings of the command: TensorFlow's and Google's start-up noise off.

Call `quieten` before anything imports TensorFlow, which reads these variables once.
"""

import os
import warnings

# What a user has set wins. Subprocesses (Beam workers, the exported model's check) inherit these.
QUIET_VARIABLES = {
    "TF_CPP_MIN_LOG_LEVEL": "3",  # TensorFlow's C++ side: fatal messages only
    "GRPC_VERBOSITY": "ERROR",
    "PYTHONWARNINGS": "ignore::FutureWarning,ignore::DeprecationWarning,ignore::UserWarning",
}


def quieten() -> None:
    """Silences start-up noise here and in child processes, where nothing else was asked for."""
    if "PYTHONWARNINGS" not in os.environ:
        for category in (FutureWarning, DeprecationWarning, UserWarning):
            warnings.simplefilter("ignore", category)
    for name, value in QUIET_VARIABLES.items():
        os.environ.setdefault(name, value)
