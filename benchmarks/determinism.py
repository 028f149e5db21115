"""Training speed with and without `train.deterministic`, on the examples of a finished run.

    python -m benchmarks.determinism RUN [--epochs N] [--repeats N]

RUN is the output folder of a run, for example runs/demo. The modes are trained in turn, so that the
load of the machine affects them alike. Prints the targets per second of each training, and the
ratio of the best of each mode, on stdout. The weights of the deterministic trainings are compared.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
import tf_keras as keras

from benchmarks.finished_run import find_artifacts, write_run_config
from components.trainer.data.read import TrainData, read_data
from components.trainer.fit.train import train_on_data
from pipeline.config import load_settings
from pipeline.environment import quieten
from pipeline.exit_codes import ExitCode
from schemas.errors import InputError
from schemas.settings import Settings


def main() -> int:
    """Prints the speeds and returns 0; 1 if deterministic weights differ, 2 for a bad folder."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.determinism", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("run", type=Path, help="output folder of a finished run")
    parser.add_argument("--epochs", type=int, default=2, help="epochs of a training (default: 2)")
    parser.add_argument(
        "--repeats", type=int, default=2, help="trainings of each mode (default: 2)"
    )
    options = parser.parse_args()
    quieten()
    try:
        return _compare(options)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return int(ExitCode.BAD_INPUT)


def _compare(options: argparse.Namespace) -> int:
    best = {False: 0.0, True: 0.0}
    weights = []
    with tempfile.TemporaryDirectory() as folder:
        config = write_run_config(options.run, Path(folder))
        changes = [f"train.max_epochs={options.epochs}", "train.max_seconds=null"]
        modes = {
            mode: load_settings(str(config), [*changes, f"train.deterministic={str(mode).lower()}"])
            for mode in best
        }
        train_data = read_data(find_artifacts(options.run).inputs, modes[True].data)
        for _ in range(options.repeats):
            for mode, settings in modes.items():
                speed, trained = _train(train_data, settings)
                print(f"deterministic {mode!s:5}: {speed:8.0f} targets/s", flush=True)
                best[mode] = max(best[mode], speed)
                if mode:
                    weights.append(trained)
    print(f"ratio of the best of each: {best[True] / best[False]:.2f}")
    equal = all(
        np.array_equal(first, other)
        for others in weights[1:]
        for first, other in zip(weights[0], others, strict=True)
    )
    print(f"the weights of {len(weights)} deterministic trainings {'agree' if equal else 'differ'}")
    return 0 if equal else 1


def _train(
    train_data: TrainData, settings: Settings
) -> tuple[float, list[npt.NDArray[np.float32]]]:
    """Returns the targets per second of a training, and its weights."""
    trained = train_on_data(train_data, settings.data, settings.model, settings.train)
    weights = [weight.numpy() for weight in trained.towers.weights]
    keras.backend.clear_session()
    return trained.targets_per_second, weights


if __name__ == "__main__":
    sys.exit(main())
