from pathlib import Path

import pytest

from components.pusher.models_config import CONFIG_FILE, write_labels
from pipeline.serving.labels import read_labels
from schemas.errors import InputError


def config(*models: tuple[str, dict[str, int]]) -> str:
    """Returns the text of a configuration file of TF Serving."""
    entries = []
    for name, labels in models:
        pairs = "".join(f'version_labels {{ key: "{k}" value: {v} }} ' for k, v in labels.items())
        entries.append(f'config {{ name: "{name}" base_path: "/models/{name}" {pairs}}}')
    return f"model_config_list {{ {' '.join(entries)} }}\n"


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        (config(("shop", {"stable": 3, "canary": 4})), {"stable": 3, "canary": 4}),
        (config(("other", {"stable": 1}), ("shop", {"stable": 3})), {"stable": 3}),
        (config(("other", {"stable": 1})), {"stable": 1}),
        (config(("a", {"stable": 1}), ("b", {"stable": 2})), {}),
        (config(("shop", {})), {}),
        ("", {}),
    ],
)
def test_labels_of_a_model(tmp_path: Path, text: str, labels: dict[str, int]) -> None:
    (tmp_path / CONFIG_FILE).write_text(text)

    assert read_labels(str(tmp_path), "shop") == labels


def test_labels_that_a_push_wrote_are_read(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    write_labels(str(folder), {"stable": 3, "canary": 4}, [3, 4])

    assert read_labels(str(folder), "shop") == {"stable": 3, "canary": 4}


def test_without_a_file_there_are_no_labels(tmp_path: Path) -> None:
    assert read_labels(str(tmp_path), "shop") == {}


def test_a_damaged_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / CONFIG_FILE).write_text("model_config_list {")

    with pytest.raises(InputError, match="not a ModelServerConfig"):
        read_labels(str(tmp_path), "shop")
