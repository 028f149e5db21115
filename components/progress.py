"""The logger of what a person reads while a run goes on; `pipeline.runners.progress` prints it."""

import logging

PROGRESS_LOGGER = "twotower.progress"

progress = logging.getLogger(PROGRESS_LOGGER)
