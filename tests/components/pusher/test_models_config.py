"""`models.config` is a ModelServerConfig; what an operator has changed in it is kept."""

from pathlib import Path

import pytest
from google.protobuf import text_format
from tensorflow_serving.config.model_server_config_pb2 import ModelServerConfig

from components.pusher.models_config import num_loaded, read_labels, write_labels
from schemas.errors import InputError


def parsed(folder: Path) -> ModelServerConfig:
    return text_format.Parse((folder / "models.config").read_text(), ModelServerConfig())


def test_a_new_file_configures_a_server(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()

    write_labels(f"{folder}/", {"stable": 8, "canary": 7}, [5, 6, 7, 8])

    (model,) = parsed(folder).model_config_list.config
    assert (model.name, model.base_path) == ("shop", str(folder))
    assert model.model_platform == "tensorflow"
    assert dict(model.version_labels) == {"stable": 8, "canary": 7} == read_labels(str(folder))
    assert model.model_version_policy.latest.num_versions == 3 == num_loaded(str(folder))
    assert [path.name for path in folder.iterdir()] == ["models.config"]


@pytest.mark.parametrize(
    ("stable", "loaded"), [(9, 2), (8, 3), (5, 6)], ids=["newest", "previous", "oldest"]
)
def test_a_server_loads_every_labelled_version_and_one_more(
    tmp_path: Path, stable: int, loaded: int
) -> None:
    write_labels(str(tmp_path), {"stable": stable}, [5, 6, 7, 8, 9])
    assert num_loaded(str(tmp_path)) == loaded


def test_a_folder_without_the_file_has_no_labels(tmp_path: Path) -> None:
    assert read_labels(str(tmp_path)) == {}
    assert num_loaded(str(tmp_path)) == 1


def test_changes_of_an_operator_are_kept(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "models.config").write_text(
        """
        model_config_list {
          config { name: "other" base_path: "/models/other" }
          config {
            name: "shop"
            base_path: "/models/shop"
            model_platform: "tensorflow"
            model_version_policy { all {} }
            logging_config { sampling_config { sampling_rate: 0.5 } }
          }
        }
        """
    )

    write_labels(str(folder), {"stable": 8}, [8])

    other, model = parsed(folder).model_config_list.config
    assert other.base_path == "/models/other"
    assert model.base_path == "/models/shop"
    assert model.model_version_policy.HasField("all")
    assert model.logging_config.sampling_config.sampling_rate == 0.5
    assert dict(model.version_labels) == {"stable": 8}
    assert num_loaded(str(folder)) is None


def test_a_file_that_would_not_change_is_not_written(tmp_path: Path) -> None:
    labels, versions = {"stable": 8, "canary": 7}, [7, 8]
    write_labels(str(tmp_path), labels, versions)
    path = tmp_path / "models.config"
    path.write_text(f"# A comment.\n{path.read_text()}")

    write_labels(str(tmp_path), labels, versions)
    assert path.read_text().startswith("# A comment.")

    write_labels(str(tmp_path), labels, [6, *versions, 9])
    assert num_loaded(str(tmp_path)) == 4


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is not a ModelServerConfig"),
        ("unknown_field: 1", "is not a ModelServerConfig"),
        ("", "has 0 entries for the model 'shop'"),
        ('model_config_list { config { name: "other" } }', "has 0 entries for the model 'shop'"),
        ("custom_model_config {}", "has 0 entries"),
        (
            'model_config_list { config { name: "shop" model_version_policy '
            "{ specific { versions: 8 } } } }",
            "would therefore never load another one",
        ),
    ],
)
def test_another_file_is_rejected_and_not_changed(tmp_path: Path, text: str, message: str) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    path = folder / "models.config"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        read_labels(str(folder))
    with pytest.raises(InputError, match=message):
        write_labels(str(folder), {"stable": 8}, [8])
    assert path.read_text() == text
