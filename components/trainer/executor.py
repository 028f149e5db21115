"""The executor of TwoTowerTrainer, which trains, or submits a custom job that trains."""

import os
from typing import Any

from tfx import types
from tfx.dsl.components.base.base_executor import BaseExecutor
from tfx.types import artifact_utils
from tfx.utils import path_utils

from components.artifacts import artifact_folders
from components.trainer.request import TrainingRequest, train_and_record
from components.trainer.run import TrainerPaths
from schemas.deploy_settings import TrainerJob
from schemas.model_settings import ModelSettings, TrainSettings
from schemas.settings import DataSettings, from_json, to_json

ArtifactsByKey = dict[str, list[types.Artifact]]


class Executor(BaseExecutor):
    """Trains the towers and exports them to artifact `model`, here or in a custom job."""

    def Do(
        self,
        input_dict: ArtifactsByKey,
        output_dict: ArtifactsByKey,
        exec_properties: dict[str, Any],
    ) -> None:
        """Runs the training, and writes its report fragment to `fragment.json` of the model."""
        self._log_startup(input_dict, output_dict, exec_properties)
        model = artifact_utils.get_single_instance(output_dict["model"])
        paths = TrainerPaths(
            **artifact_folders(input_dict),
            serving_model=path_utils.serving_model_dir(model.uri),
            logs=artifact_utils.get_single_uri(output_dict["model_run"]),
            # TFX gives each execution a new output folder, and deletes it if the execution fails.
            checkpoints=os.path.dirname(os.path.dirname(model.uri)),
        )
        request = TrainingRequest(
            paths,
            model.uri,
            from_json(DataSettings, exec_properties["data"]),
            from_json(ModelSettings, exec_properties["model_settings"]),
            from_json(TrainSettings, exec_properties["train_settings"]),
            exec_properties["code_version"],
            exec_properties["warm_start_from"],
        )
        if exec_properties["custom_job"]:
            # The client of Vertex AI takes seconds to import, and no other training needs it.
            from components.trainer.custom_job import job_client, run_custom_job

            job = from_json(TrainerJob, exec_properties["custom_job"])
            run_custom_job(job_client(job.region), job, to_json(request))
        else:
            train_and_record(request)
