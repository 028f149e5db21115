"""The KFP v2 IR contains every component, and a container command runs."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import json_format
from kfp.pipeline_spec import pipeline_spec_pb2

from components.examples.read import read_raw_catalogue
from components.fragment import read_fragment
from pipeline.runners.vertex import compile_ir
from schemas.deploy_settings import DeploySettings, TrainerJob, TrainerMachines
from schemas.features import feature_table
from schemas.settings import Settings, from_dict, from_json
from tests.chain_dataset import write_chain_dataset

COMPONENTS = {
    "CatalogueExampleGen",
    "InteractionExampleGen",
    "ConfigSchema",
    "EventsStatistics",
    "EventsValidator",
    "CatalogueStatistics",
    "CatalogueValidator",
    "DataGate",
    "WindowsTransform",
    "CatalogueTransform",
    "TwoTowerTrainer",
    "RetrievalEvaluator",
    "TowerRefit",
    "ScannIndexer",
    "VersionedPusher",
    "CurrentModel",
}
IMAGE = "registry.example/twotower:1"


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    world = write_chain_dataset(tmp_path_factory.mktemp("world"))
    return from_dict(Settings, world | {"name": "chain", "output": "runs/chain"})


@pytest.fixture(scope="module")
def spec(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    path = tmp_path_factory.mktemp("ir") / "chain.json"
    compile_ir(settings, str(path), "gs://bucket/root", IMAGE)
    return json.loads(path.read_text(encoding="utf-8"))["pipelineSpec"]


def test_ir_is_schema_2_1_and_parses(spec: dict[str, Any]) -> None:
    assert spec["schemaVersion"] == "2.1.0"
    parsed = json_format.ParseDict(spec, pipeline_spec_pb2.PipelineSpec())
    assert parsed.pipeline_info.name == "chain"


def test_ir_contains_every_component_and_the_reporter_always_runs(spec: dict[str, Any]) -> None:
    inner = spec["components"]["tfx-dag"]["dag"]["tasks"]
    assert set(inner) == COMPONENTS
    reporter = spec["root"]["dag"]["tasks"]["RunReporter"]
    assert reporter["triggerPolicy"]["strategy"] == "ALL_UPSTREAM_TASKS_COMPLETED"
    executors = spec["deploymentSpec"]["executors"]
    assert {name.removesuffix("_executor") for name in executors} == COMPONENTS | {"RunReporter"}
    assert {of["container"]["image"] for of in executors.values()} == {IMAGE}


def test_transforms_wait_for_the_data_gate(spec: dict[str, Any]) -> None:
    inner = spec["components"]["tfx-dag"]["dag"]["tasks"]
    for name in ("WindowsTransform", "CatalogueTransform"):
        assert "DataGate" in inner[name]["dependentTasks"]


def test_versions_are_published_next_to_the_artifacts(spec: dict[str, Any]) -> None:
    pusher = spec["components"]["tfx-dag"]["dag"]["tasks"]["VersionedPusher"]
    parameters = pusher["inputs"]["parameters"]
    serving_dir = parameters["serving_dir"]["runtimeValue"]["constant"]
    assert serving_dir == "gs://bucket/root/serving/chain"


def test_the_trainer_gets_the_machines_of_its_custom_job(
    settings: Settings, spec: dict[str, Any], tmp_path: Path
) -> None:
    def custom_job(spec: dict[str, Any]) -> str:
        trainer = spec["components"]["tfx-dag"]["dag"]["tasks"]["TwoTowerTrainer"]
        constant: str = trainer["inputs"]["parameters"]["custom_job"]["runtimeValue"]["constant"]
        return constant

    machines = TrainerMachines(replicas=2, machine_type="g2-standard-16", accelerator="NVIDIA_L4")
    deploy = DeploySettings(project="shop-prod", region="europe-west4", trainer=machines)
    path = tmp_path / "chain.json"
    compile_ir(replace(settings, deploy=deploy), str(path), "gs://bucket/root", IMAGE)
    compiled = json.loads(path.read_text(encoding="utf-8"))["pipelineSpec"]

    assert from_json(TrainerJob, custom_job(compiled)) == TrainerJob(
        name="chain-trainer",
        image=IMAGE,
        project="shop-prod",
        region="europe-west4",
        service_account=None,
        machines=machines,
    )
    assert custom_job(spec) == ""


def test_every_run_of_one_ir_reads_its_inputs_and_what_serves(
    settings: Settings, spec: dict[str, Any], tmp_path: Path
) -> None:
    """KFP inserts the id of the run where a parameter is exactly the placeholder."""
    run_id = {"runtimeValue": {"constant": "{{$.pipeline_job_uuid}}"}}
    tasks = {**spec["components"]["tfx-dag"]["dag"]["tasks"], **spec["root"]["dag"]["tasks"]}
    for task, parameter in (
        ("CatalogueExampleGen", "fingerprint"),
        ("InteractionExampleGen", "fingerprint"),
        ("CurrentModel", "launch"),
        ("DataGate", "launch"),
        ("VersionedPusher", "launch"),
        ("RunReporter", "launch"),
    ):
        assert tasks[task]["inputs"]["parameters"][parameter] == run_id

    compile_ir(settings, str(tmp_path / "again.json"), "gs://bucket/root", IMAGE)

    again = json.loads((tmp_path / "again.json").read_text(encoding="utf-8"))["pipelineSpec"]
    assert again == spec


@pytest.mark.parametrize(
    ("curated", "fingerprint"),
    [(None, ""), ("gs://bucket/shop.pbtxt", "{{$.pipeline_job_uuid}}")],
)
def test_every_run_of_one_ir_reads_the_curated_schema(
    settings: Settings, tmp_path: Path, curated: str | None, fingerprint: str
) -> None:
    path = tmp_path / "chain.json"
    compile_ir(replace(settings, schema=curated), str(path), "gs://bucket/root", IMAGE)

    compiled = json.loads(path.read_text(encoding="utf-8"))["pipelineSpec"]
    task = compiled["components"]["tfx-dag"]["dag"]["tasks"]["ConfigSchema"]
    parameters = task["inputs"]["parameters"]
    assert parameters["fingerprint"] == {"runtimeValue": {"constant": fingerprint}}


def test_catalogue_example_gens_container_command_runs(
    spec: dict[str, Any], settings: Settings, tmp_path: Path
) -> None:
    """Vertex AI replaces `{{$}}` by the inputs and outputs of the execution and runs it."""
    task = spec["components"]["tfx-dag"]["dag"]["tasks"]["CatalogueExampleGen"]
    definition = spec["components"][task["componentRef"]["name"]]
    parameters = {
        name: value["runtimeValue"]["constant"]
        for name, value in task["inputs"]["parameters"].items()
    }
    outputs = {
        key: {
            "artifacts": [
                {
                    "name": key,
                    "type": of["artifactType"],
                    "uri": str(tmp_path / key),
                    "metadata": {},
                }
            ]
        }
        for key, of in definition["outputDefinitions"]["artifacts"].items()
    }
    output_file = tmp_path / "task" / "executor_output.json"
    executor_input = {
        "inputs": {"parameterValues": parameters},
        "outputs": {"artifacts": outputs, "outputFile": str(output_file)},
    }
    container = spec["deploymentSpec"]["executors"][definition["executorLabel"]]["container"]
    arguments = [
        json.dumps(executor_input) if argument == "{{$}}" else argument
        for argument in container["args"]
    ]
    command = [sys.executable, *container["command"][1:], *arguments]
    # A container starts without the variables that the imports of this test have set.
    variables = {name: text for name, text in os.environ.items() if name != "TF_USE_LEGACY_KERAS"}

    done = subprocess.run(command, capture_output=True, text=True, check=False, env=variables)

    assert done.returncode == 0, done.stderr[-3000:]
    catalogue = read_raw_catalogue(str(tmp_path / "examples"), feature_table(settings.data))
    assert len(catalogue) == 30
    fragment = read_fragment(str(tmp_path / "rejects"))
    assert fragment is not None
    assert fragment["items"] == 30
    recorded = json.loads(output_file.read_text(encoding="utf-8"))["artifacts"]
    assert recorded["examples"]["artifacts"][0]["metadata"]["items"] == 30
