"""The command of a worker of a Vertex AI custom job: one training, by all workers of the job.

    python -m components.trainer.worker_main REQUEST

REQUEST is the JSON of a `TrainingRequest`. The other workers are those of the environment variable
TF_CONFIG, which Vertex AI sets.
"""

import logging
import sys

import schemas as schemas  # sets the Keras version before TensorFlow is imported
from components.progress import PROGRESS_LOGGER
from components.trainer.request import TrainingRequest, train_and_record
from schemas.settings import from_json


def main(arguments: list[str]) -> None:
    """Runs the training of the request."""
    logging.basicConfig(stream=sys.stderr, format="%(asctime)s %(message)s")
    logging.getLogger(PROGRESS_LOGGER).setLevel(logging.INFO)
    (request,) = arguments
    train_and_record(from_json(TrainingRequest, request))


if __name__ == "__main__":
    main(sys.argv[1:])
