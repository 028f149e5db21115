"""A training as a value that can be sent to another process."""

from dataclasses import dataclass

from components.fragment import write_fragment
from components.trainer.run import TrainerPaths, run
from components.trainer.state.warm_start import read_warm_start
from schemas.model_settings import ModelSettings, TrainSettings
from schemas.settings import DataSettings
from schemas.steps import TRAINER


@dataclass(frozen=True)
class TrainingRequest:
    """All inputs of a training.

    Attributes:
      paths: The artifact folders.
      model: The folder of artifact `model`, which receives the report fragment.
      data: The settings of the data.
      model_settings: The settings of the towers.
      train_settings: The settings of the training.
      code_version: The version of the code, which must be that of the checkpoints.
      warm_start_from: JSON of the version whose towers the training starts from; "" for none.
    """

    paths: TrainerPaths
    model: str
    data: DataSettings
    model_settings: ModelSettings
    train_settings: TrainSettings
    code_version: str
    warm_start_from: str = ""


def train_and_record(request: TrainingRequest) -> None:
    """Trains and exports the towers, and writes the report fragment.

    Every worker of a cluster calls this function, and the chief alone writes.

    Raises:
      InputError: Split train has no target, or settings contradict each other.
      RuntimeError: Training diverged, or another worker was lost.
    """
    fragment = run(
        request.paths,
        request.data,
        request.model_settings,
        request.train_settings,
        request.code_version,
        read_warm_start(request.warm_start_from),
    )
    if fragment is not None:
        write_fragment(request.model, TRAINER, fragment)
