"""The logger of progress messages to the user; `pipeline.runners.progress` prints them."""

import logging

PROGRESS_LOGGER = "twotower.progress"

progress = logging.getLogger(PROGRESS_LOGGER)


def about(seconds: float) -> str:
    """Returns an estimated duration in words, rounded to the precision of an estimate.

    >>> about(7.4), about(48), about(200), about(5_000), about(200_000)
    ('about 10 s', 'about 50 s', 'about 3 min', 'about 1.4 h', 'about 56 h')
    """
    if seconds < 55:
        return f"about {max(10 * round(seconds / 10), 10)} s"
    if seconds < 3_570:
        return f"about {round(seconds / 60)} min"
    hours = seconds / 3_600
    return f"about {hours:.1f} h" if hours < 10 else f"about {hours:.0f} h"
