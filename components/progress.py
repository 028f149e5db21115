"""The logger of progress messages to the user; `pipeline.runners.progress` prints them."""

import logging

PROGRESS_LOGGER = "twotower.progress"

progress = logging.getLogger(PROGRESS_LOGGER)
