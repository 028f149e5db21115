"""The state of a push destination as a server sees it, and what must hold in every state."""

import json
import os

from google.protobuf import text_format
from tensorflow_serving.config.model_server_config_pb2 import ModelServerConfig

from components.pusher.lock import LOCK_FILE
from schemas.bundle import (
    MANIFEST_FILE,
    PROVEN_TOWERS_FOLDER,
    SAVED_MODEL_FILE,
    STATISTICS_FILE,
    UNAVAILABLE_FILE,
    UNAVAILABLE_WRITTEN_FILE,
)
from tests.components.pusher.bundles import Destination, bundle_files

_ADDED = {MANIFEST_FILE, STATISTICS_FILE, UNAVAILABLE_FILE, UNAVAILABLE_WRITTEN_FILE}
_WITHDRAWN = ".rolled-back-"
Tree = dict[str, bytes]


def visible_contents(destination: Destination) -> dict[int, str]:
    """Returns the contents of the versions that a server of the ScaNN model sees.

    Raises:
      AssertionError: A visible version is incomplete in one of the folders, or has no twin.
    """
    contents = {}
    for folder, model in (("serving", "scann"), ("serving_portable", "portable")):
        trees = _folders(destination)[folder]
        contents[folder] = {
            int(name): _content(name, tree, model)
            for name, tree in trees.items()
            if name.isdigit() and _is_loadable(destination, tree)
        }
    assert contents["serving"].items() <= contents["serving_portable"].items(), contents
    return contents["serving"]


def check_labels(destination: Destination) -> dict[str, int]:
    """Returns the labels of the ScaNN models.

    Raises:
      AssertionError: A file of labels cannot be read, or a label is of a version that is not there.
    """
    labels = {}
    for folder, trees in _folders(destination).items():
        if text := trees.get("models.config", {}).get(""):
            (model,) = text_format.Parse(text, ModelServerConfig()).model_config_list.config
            labels[folder] = dict(model.version_labels)
            assert set(map(str, labels[folder].values())) <= set(trees), (folder, labels)
    return labels.get("serving", {})


def check_num_loaded(destination: Destination) -> None:
    """Checks how many versions servers load, which no command leaves unsettled.

    Raises:
      AssertionError: It is not the number from the newest version to the oldest one with a label,
        and one more.
    """
    for folder, trees in _folders(destination).items():
        if text := trees.get("models.config", {}).get(""):
            (model,) = text_format.Parse(text, ModelServerConfig()).model_config_list.config
            versions = [int(name) for name in trees if name.isdigit()]
            newest_first = sorted(versions, reverse=True)
            num_labelled = newest_first.index(min(model.version_labels.values())) + 1
            num_loaded = model.model_version_policy.latest.num_versions
            assert num_loaded == num_labelled + 1, (folder, versions, model)


def leftovers(destination: Destination) -> list[str]:
    """Returns the files and folders that no command needs after its end."""
    found = []
    folders = _folders(destination)
    for folder, trees in folders.items():
        for name, tree in trees.items():
            is_version = name.removeprefix(_WITHDRAWN).isdigit() and SAVED_MODEL_FILE in tree
            if not is_version and name not in (LOCK_FILE, "models.config"):
                found.append(f"{folder}/{name}")
            found += [f"{folder}/{name}/{path}" for path in tree if path.endswith(".incoming")]
    for name in set(folders["serving"]) ^ set(folders["serving_portable"]):
        found.append(f"only in one folder: {name}")
    return found


def _folders(destination: Destination) -> dict[str, dict[str, Tree]]:
    """Returns the files below each child of both folders."""
    folders: dict[str, dict[str, Tree]] = {"serving": {}, "serving_portable": {}}
    for path, content in destination.files().items():
        folder, name, *parts = path.split("/")
        folders[folder].setdefault(name, {})["/".join(parts)] = content
    return folders


def _is_loadable(destination: Destination, tree: Tree) -> bool:
    """Returns whether a server finds a model; on an object store, an incomplete one has none."""
    return SAVED_MODEL_FILE in tree or "://" not in destination.folders[0]


def _content(name: str, tree: Tree, model: str) -> str:
    content = tree.get(SAVED_MODEL_FILE, b"none none").decode().split(maxsplit=1)[1]
    expected = bundle_files(model, content)
    assert set(tree) >= set(expected) | _ADDED, (name, sorted(tree))
    del expected["fingerprint.pb"]
    assert {path: tree[path].decode() for path in expected} == expected, name
    # The twin, and only it, has the proven towers of the same training.
    towers = tree.get(os.path.join(PROVEN_TOWERS_FOLDER, SAVED_MODEL_FILE))
    assert towers == (f"towers {content}".encode() if model == "portable" else None), name
    assert json.loads(tree[MANIFEST_FILE])["version"] == name
    return content
