"""Compiles the pipeline to KFP v2 IR (schema 2.1) for Vertex AI Pipelines."""

import os
from dataclasses import replace

from tfx.orchestration.kubeflow.decorators import FinalStatusStr
from tfx.orchestration.kubeflow.v2 import kubeflow_v2_dag_runner
from tfx.orchestration.pipeline import Pipeline

from components.run_reporter.component import RunReporter
from pipeline.graph import pipeline_nodes
from pipeline.paths import run_paths
from pipeline.runners import container_main
from pipeline.runners.cache_keys import compiled_cache_keys
from pipeline.runners.code_version import code_version
from schemas.deploy_settings import TrainerJob
from schemas.errors import InputError
from schemas.settings import Settings


def compile_ir(settings: Settings, path: str, pipeline_root: str, image: str) -> None:
    """Writes the pipeline as KFP v2 IR.

    RunReporter becomes the exit handler, so that it also runs after a rejection or a failure.

    Args:
      settings: Validated settings; relative paths in them are resolved in the container.
      path: The JSON file to write.
      pipeline_root: Remote folder for artifacts.
      image: Container image in which this project is installed.

    Raises:
      InputError: `train.warm_start` is true.
    """
    if settings.train.warm_start:
        raise InputError(
            "train.warm_start: a compiled pipeline does not know what serves when it is launched; "
            "set it to false, or use `twotower run`"
        )
    keys = compiled_cache_keys(settings)
    # The container's disk is not persistent. Unless the configuration names a destination, versions
    # are published next to the artifacts.
    paths = run_paths(replace(settings, output=pipeline_root))
    pipeline = Pipeline(
        pipeline_name=settings.name,
        pipeline_root=pipeline_root,
        components=pipeline_nodes(settings, paths, keys, trainer_job(settings, image)),
        beam_pipeline_args=list(settings.beam.args),
    )
    runner = kubeflow_v2_dag_runner.KubeflowV2DagRunner(
        config=kubeflow_v2_dag_runner.KubeflowV2DagRunnerConfig(
            default_image=image,
            default_commands=["python", "-m", container_main.__name__],
            use_pipeline_spec_2_1=True,
        ),
        output_dir=os.path.dirname(os.path.abspath(path)),
        output_filename=os.path.basename(path),
    )
    runner.set_exit_handler(
        RunReporter(
            steps="[]",
            run=FinalStatusStr(),
            output_dir=os.path.join(pipeline_root, "reports", settings.name),
            code_version=code_version("run_reporter"),
            launch=keys.launch_id,
        )
    )
    runner.run(pipeline)


def trainer_job(settings: Settings, image: str) -> TrainerJob | None:
    """Returns the custom job of the training; None trains in the container of the step.

    Args:
      settings: Validated settings; `deploy.trainer` has the machines.
      image: Container image in which this project is installed.
    """
    deploy = settings.deploy
    if deploy is None or deploy.trainer is None:
        return None
    return TrainerJob(
        name=f"{settings.name}-trainer",
        image=image,
        project=deploy.project,
        region=deploy.region,
        service_account=deploy.service_account,
        machines=deploy.trainer,
    )
