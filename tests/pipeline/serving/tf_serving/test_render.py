"""The rendered files: TF Serving, Compose and Kubernetes accept them, whatever the names are."""

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from google.protobuf import text_format
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.paths import run_paths
from pipeline.serving.limits import Limits
from pipeline.serving.tf_serving.deployment import Deployment, base_path, plan_deployment
from pipeline.serving.tf_serving.images import SCANN, STOCK, Image, ImageChoice, chosen_images
from pipeline.serving.tf_serving.names import object_name
from pipeline.serving.tf_serving.render import FILES, WRITTEN_BY, render_files
from schemas.errors import InputError
from schemas.settings import Settings, from_dict
from tests.pipeline.serving.tf_serving.kubernetes_objects import check_object
from tests.pipeline.serving.tf_serving.protos import BatchingParameters, MonitoringConfig
from tests.pipeline.serving.tf_serving.test_names import MODELS

LOG = {
    "path": "log.csv",
    "format": "csv",
    "fields": {"user_id": "u", "item_id": "i", "timestamp": "t"},
}
# The flags in main.cc of TF Serving 2.11.0 and 2.16.1 that are used here.
FLAGS = {
    "model_config_file",
    "model_config_file_poll_wait_seconds",
    "file_system_poll_wait_seconds",
    "allow_version_labels_for_unavailable_models",
    "monitoring_config_file",
    "enable_batching",
    "batching_parameters_file",
}
NEWER_FLAGS = {SCANN.key: set[str](), STOCK.key: {"enable_grpc_healthcheck_service"}}


def settings_of(folder: Path, model: str = "demo", **push: str) -> Settings:
    values = {"name": model, "output": str(folder / "run"), "interactions": LOG, "push": push}
    return from_dict(Settings, values)


def folders(folder: Path) -> list[str]:
    """Returns the folders of the versions in the run directory: the model, and its twin."""
    paths = run_paths(settings_of(folder))
    return [
        os.path.relpath(path, paths.run_dir) for path in (paths.serving_dir, paths.portable_dir)
    ]


def planned(
    folder: Path,
    model: str = "demo",
    batches: bool = False,
    image: ImageChoice = ImageChoice.BOTH,
    **push: str,
) -> Deployment:
    """Returns the deployment of a run with small versions, whose files go to run/serving_config."""
    run = settings_of(folder, model, **push)
    paths = run_paths(run)
    for model_dir in (paths.serving_dir, paths.portable_dir):
        version = Path(model_dir) / "7"
        version.mkdir(parents=True, exist_ok=True)
        (version / "saved_model.pb").write_bytes(b"x")
    output = str(folder / "run" / "serving_config")
    return plan_deployment(run, paths, output, chosen_images(image), batches=batches)


def objects(text: str) -> dict[tuple[str, str], Any]:
    """Returns the Kubernetes objects of a file by kind and name."""
    documents = list(yaml.safe_load_all(text))
    return {(item["kind"], item["metadata"]["name"]): item for item in documents}


def pod(document: Any) -> Any:
    return document["spec"]["template"]["spec"]


def test_the_configurations_are_messages_of_tf_serving(tmp_path: Path) -> None:
    texts = render_files(planned(tmp_path))
    batching = text_format.Parse(texts["batching.config"], BatchingParameters())
    assert not batching.pad_variable_length_inputs
    assert not batching.allowed_batch_sizes
    assert batching.max_batch_size.value == Limits().rows
    assert batching.HasField("batch_timeout_micros")
    assert min(batching.num_batch_threads.value, batching.max_enqueued_batches.value) > 0
    monitoring = text_format.Parse(texts["monitoring.config"], MonitoringConfig())
    assert monitoring.prometheus_config.enable
    assert monitoring.prometheus_config.path == "/monitoring/prometheus/metrics"


@pytest.mark.parametrize("batches", [False, True])
def test_servers_get_flags_that_their_version_has(tmp_path: Path, batches: bool) -> None:
    for server in planned(tmp_path, batches=batches).servers:
        flags = dict(argument.removeprefix("--").split("=", 1) for argument in server.arguments)
        assert set(flags) <= FLAGS | NEWER_FLAGS[server.image.key]
        assert flags["model_config_file"] == "/models/demo/models.config"
        assert ("enable_batching" in flags) == ("batching_parameters_file" in flags) == batches


def test_kubernetes_accepts_every_object(tmp_path: Path) -> None:
    found = objects(render_files(planned(tmp_path))["kubernetes.yaml"])
    for document in found.values():
        check_object(document, json.dumps(document))
    names = [("ConfigMap", "demo-config"), ("PersistentVolumeClaim", "demo-models")]
    for kind in ("Deployment", "Service", "PodDisruptionBudget"):
        names += [(kind, "demo-scann"), (kind, "demo-stock")]
    assert sorted(found) == sorted(names)


@pytest.mark.parametrize(
    "change",
    [
        lambda d: pod(d).update(containerz=[]),
        lambda d: pod(d)["containers"][0].update(livenessProbe={"httpGet": {"prt": "rest"}}),
        lambda d: pod(d)["containers"][0].pop("name"),
        lambda d: d["spec"].update(replicas="2"),
        lambda d: d["spec"].update(replicas="two"),
        lambda d: pod(d)["containers"][0]["resources"]["limits"].update(memory="5 GB"),
        lambda d: d["metadata"]["labels"].update(a="b c"),
    ],
    ids=["field", "nested field", "required", "type", "number", "quantity", "label"],
)
def test_the_check_finds_mistakes(tmp_path: Path, change: Any) -> None:
    found = objects(render_files(planned(tmp_path))["kubernetes.yaml"])
    document = found["Deployment", "demo-scann"]
    change(document)
    with pytest.raises((ValueError, AssertionError)):
        check_object(document, json.dumps(document))


def test_a_pod_reads_its_folder_and_its_configuration(tmp_path: Path) -> None:
    found = objects(render_files(planned(tmp_path))["kubernetes.yaml"])
    for image, folder in zip((SCANN, STOCK), folders(tmp_path), strict=True):
        name = f"demo-{image.key}"
        spec = pod(found["Deployment", name])
        (container,) = spec["containers"]
        mounts = {mount["name"]: mount for mount in container["volumeMounts"]}
        assert mounts["models"]["subPath"] == folder
        assert mounts["models"]["mountPath"] == "/models/demo"
        volumes = {volume["name"]: volume for volume in spec["volumes"]}
        assert set(volumes) == set(mounts)
        claim = volumes["models"]["persistentVolumeClaim"]["claimName"]
        assert ("PersistentVolumeClaim", claim) in found
        config = found["ConfigMap", volumes["config"]["configMap"]["name"]]["data"]
        for argument in container["args"]:
            _, _, value = argument.partition("=/config/")
            assert not value or value in config
        ports = {port["name"]: port["containerPort"] for port in container["ports"]}
        assert ports == {"grpc": 8500, "rest": 8501}
        for probe in ("startupProbe", "readinessProbe"):
            assert container[probe]["httpGet"] == {"path": "/v1/models/demo", "port": "rest"}
        labels = found["Deployment", name]["spec"]["template"]["metadata"]["labels"]
        for selector in (
            found["Service", name]["spec"]["selector"],
            found["Deployment", name]["spec"]["selector"]["matchLabels"],
            found["PodDisruptionBudget", name]["spec"]["selector"]["matchLabels"],
        ):
            assert selector.items() <= labels.items()
        assert container["image"] == image.reference


def test_prometheus_finds_the_metrics(tmp_path: Path) -> None:
    texts = render_files(planned(tmp_path))
    monitoring = text_format.Parse(texts["monitoring.config"], MonitoringConfig())
    template = objects(texts["kubernetes.yaml"])["Deployment", "demo-scann"]["spec"]["template"]
    annotations = template["metadata"]["annotations"]
    assert annotations["prometheus.io/path"] == monitoring.prometheus_config.path
    assert annotations["prometheus.io/port"] == "8501"


def test_compose_mounts_the_folders_of_the_run(tmp_path: Path) -> None:
    text = render_files(planned(tmp_path))["compose.yaml"]
    document = yaml.safe_load(text)
    assert set(document) == {"name", "services"}
    assert list(document["services"]) == [SCANN.key, STOCK.key]
    ports = [port for service in document["services"].values() for port in service["ports"]]
    assert len({port.rsplit(":", 1)[0] for port in ports}) == 4
    assert all(port.startswith("127.0.0.1:") for port in ports)
    folder = tmp_path / "run" / "serving_config"
    for service, source in zip(document["services"].values(), folders(tmp_path), strict=True):
        models, config = service["volumes"]
        assert (folder / models["source"]).resolve() == tmp_path / "run" / source
        assert models["target"] == "/models/demo"
        assert (config["source"], config["target"]) == (".", "/config")
        assert all(mounted["read_only"] for mounted in (models, config, service))
        assert service["healthcheck"]["test"][:3] == ["CMD", "bash", "-c"]
        assert re.fullmatch(r"\d+m", service["mem_limit"])
        assert not service["image"].endswith("latest")


@pytest.mark.parametrize("image", [SCANN, STOCK], ids=lambda image: image.key)
def test_one_image_is_one_server(tmp_path: Path, image: Image) -> None:
    texts = render_files(planned(tmp_path, image=ImageChoice(image.key)))
    assert list(yaml.safe_load(texts["compose.yaml"])["services"]) == [image.key]
    deployments = [name for kind, name in objects(texts["kubernetes.yaml"]) if kind == "Deployment"]
    assert deployments == [f"demo-{image.key}"]


def test_no_file_names_this_machine(tmp_path: Path) -> None:
    texts = render_files(planned(tmp_path))
    assert tuple(texts) == FILES
    for text in texts.values():
        assert text.startswith(f"# {WRITTEN_BY}\n")
        assert str(tmp_path) not in text
        assert text.endswith("\n")
        assert not text.endswith("\n\n")


@settings(max_examples=25, deadline=None)
@given(
    model=MODELS,
    folder=st.text(
        st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="/:"), min_size=1
    ).filter(lambda name: name not in (".", "..") and len(name.encode()) < 200),
)
def test_any_name_is_quoted(
    tmp_path_factory: pytest.TempPathFactory, model: str, folder: str
) -> None:
    root = tmp_path_factory.mktemp("named")
    texts = render_files(planned(root, model, serving_dir=str(root / "run" / folder)))
    service = yaml.safe_load(texts["compose.yaml"])["services"]["scann"]
    assert service["volumes"][0]["source"].replace("$$", "$") == f"../{folder}/{model}"
    assert service["volumes"][0]["target"] == f"/models/{model}"
    found = objects(texts["kubernetes.yaml"])
    assert len(found) == 8
    for document in found.values():
        check_object(document, json.dumps(document))
    deployment = found["Deployment", f"{object_name(model)}-scann"]
    assert pod(deployment)["containers"][0]["volumeMounts"][0]["subPath"] == f"{folder}/{model}"


def test_a_store_that_the_images_cannot_read_is_an_error() -> None:
    assert base_path("gs://shop/serving/demo") == "gs://shop/serving/demo"
    with pytest.raises(InputError, match=r"s3://shop/serving/demo: the images of TF Serving read"):
        base_path("s3://shop/serving/demo")
