"""What a Beam worker tells about its process; a module of its own, as workers import it."""

import os

import components.example_gen.ingest  # noqa: F401 - what a worker imports to run a step


def keras_setting(launcher: int) -> str:
    """Whether this is the launcher's process, and which Keras it uses."""
    process = "the launcher" if os.getpid() == launcher else "another process"
    return f"{process}, TF_USE_LEGACY_KERAS={os.environ.get('TF_USE_LEGACY_KERAS')}"
