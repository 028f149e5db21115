"""A function that Beam workers run to describe their process; workers import this module."""

import os

import components.example_gen.ingest  # noqa: F401 - workers import it to run a step


def keras_setting(launcher: int) -> str:
    """Returns whether this is the launcher's process, and its setting of the Keras version."""
    process = "the launcher" if os.getpid() == launcher else "another process"
    return f"{process}, TF_USE_LEGACY_KERAS={os.environ.get('TF_USE_LEGACY_KERAS')}"
