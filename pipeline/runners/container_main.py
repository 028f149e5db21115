"""The command of the containers of a compiled pipeline: runs the executor of one step.

    python -m pipeline.runners.container_main ARGUMENTS

The arguments are those of TFX's own command, which this module runs with two environment variables
that must be set before TensorFlow and KFP are imported.
"""

import os
import runpy

import schemas as schemas  # sets the Keras version before TFX imports TensorFlow

_TFX_COMMAND = "tfx.orchestration.kubeflow.v2.container.kubeflow_v2_run_executor"
# KFP's own variable for containers. With it, `kfp` does not import its compiler and its client,
# which take seconds and are used only where a pipeline is compiled.
_CONTAINER_VARIABLE = "_KFP_RUNTIME"


def main() -> None:
    """Runs the executor that the arguments of this process name."""
    os.environ[_CONTAINER_VARIABLE] = "true"
    runpy.run_module(_TFX_COMMAND, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
