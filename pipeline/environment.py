"""Environment variables and warning filters that suppress the start-up messages of libraries.

Call `quieten` before TensorFlow is imported, since it reads these variables only once.
"""

import os
import warnings

# Values set by the user take precedence. Subprocesses inherit these variables.
QUIET_VARIABLES = {
    "TF_CPP_MIN_LOG_LEVEL": "3",  # only fatal messages from TensorFlow's C++ code
    "GRPC_VERBOSITY": "ERROR",
    "PYTHONWARNINGS": "ignore::FutureWarning,ignore::DeprecationWarning,ignore::UserWarning",
}


def quieten() -> None:
    """Suppresses start-up messages here and in subprocesses, unless the user has set a variable."""
    if "PYTHONWARNINGS" not in os.environ:
        for category in (FutureWarning, DeprecationWarning, UserWarning):
            warnings.simplefilter("ignore", category)
    for name, value in QUIET_VARIABLES.items():
        os.environ.setdefault(name, value)
