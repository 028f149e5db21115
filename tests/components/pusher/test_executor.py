"""VersionedPusher publishes blessed bundles and reports every rejection."""

from pathlib import Path
from typing import Any

import pytest
from tfx import types
from tfx.types import standard_artifacts

from components import artifacts
from components.fragment import write_fragment
from components.pusher import executor
from components.pusher.component import VersionedPusher
from components.pusher.manifest import proven_towers_path, read_manifest
from components.pusher.models_config import read_labels
from schemas.steps import INDEXER
from schemas.version_set import installed_digest, installed_set
from tests.components.pusher.bundles import write_bundle
from tests.components.pusher.push import Push, blessing


@pytest.fixture
def push(tmp_path: Path) -> Push:
    return Push(tmp_path)


def test_bundle_with_both_blessings_is_published(push: Push) -> None:
    fragment = push.run()

    version = fragment["version"]
    assert fragment["pushed"]
    assert push.destination.visible() == ([version], [version])
    assert push.pushed_model.get_int_custom_property("pushed") == 1
    assert push.pushed_model.get_string_custom_property("pushed_version") == version
    destination = push.pushed_model.get_string_custom_property("pushed_destination")
    assert destination == fragment["serving_path"] == str(push.destination.serving / version)
    assert fragment["portable_path"] == str(push.destination.portable / version)
    manifest = read_manifest(fragment["serving_path"])
    assert manifest.metrics == {"recall@10": 0.25}
    assert manifest.protocol == {"name": "successive"}
    assert manifest.id_rules == ["case"]
    assert manifest.content_hash == fragment["content_hash"]
    assert (manifest.as_of, manifest.reindex_of) == (fragment["as_of"], "") == (None, "")
    assert manifest.split_policy == "temporal"
    assert (manifest.train_end_s, manifest.sizes) == (1_700_000_000, {})
    towers = Path(proven_towers_path(fragment["portable_path"]))
    assert (towers / "saved_model.pb").read_text() == "towers trained"
    assert manifest.version_set == installed_set()
    lock = {"version_set": installed_set(), "digest": installed_digest()}
    assert manifest.provenance == {"run": {"launch": "1"}, "lock": lock}


def test_reindex_reports_original_version_and_time(
    push: Push, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = push.run()["version"]
    monkeypatch.setattr(executor, "recorded_set", lambda: "python3.99")
    write_bundle(push.destination.root / "bundle", "with more items")
    as_of = "2026-03-01T00:00:00+00:00"
    index = {"as_of": as_of, "candidates": 7, "listed_items": 5}
    write_fragment(str(push.destination.root / "bundle"), INDEXER, {"index": index})
    push.reindex_of = first

    fragment = push.run()

    assert (fragment["reindex_of"], fragment["as_of"]) == (first, as_of)
    assert f"as a re-index of version {first}" in fragment["reason"]
    manifest = read_manifest(fragment["serving_path"])
    assert (manifest.reindex_of, manifest.as_of) == (first, as_of)
    assert manifest.version_set == "python3.99"
    assert (manifest.train_end_s, manifest.sizes["items"]) == (1_700_000_000, 7)
    assert manifest.sizes["listed_items"] == 5
    assert manifest.metrics == {"recall@10": 0.25}


def test_second_run_reports_that_version_is_already_served(push: Push) -> None:
    first = push.run()
    second = push.run()
    assert second["version"] == first["version"]
    assert "is already served" in second["reason"]


def test_a_version_may_be_published_with_another_label(push: Push) -> None:
    first = push.run()["version"]
    write_bundle(push.destination.root / "bundle", "another model")
    push.label = "canary"

    fragment = push.run()

    assert fragment["label"] == "canary"
    assert fragment["reason"].endswith(" with the label canary.")
    labels = read_labels(str(push.destination.serving))
    assert labels == {"stable": int(first), "canary": int(fragment["version"])}


@pytest.mark.parametrize(
    ("key", "kind", "remedy"),
    [
        ("model_blessing", standard_artifacts.ModelBlessing, "evaluation.gates"),
        ("infra_blessing", standard_artifacts.InfraBlessing, "index.recall_target"),
    ],
)
def test_denied_blessing_is_reported_with_remedy(
    push: Push, tmp_path: Path, key: str, kind: type[types.Artifact], remedy: str
) -> None:
    push.inputs[key] = blessing(kind, tmp_path, 0)
    fragment = push.run()
    assert (fragment["pushed"], fragment["version"]) == (False, None)
    assert f"the {key.replace('_', ' ')} was denied" in fragment["reason"]
    assert remedy in fragment["reason"]
    assert push.pushed_model.get_int_custom_property("pushed") == 0
    assert push.destination.all_names() == set()


@pytest.mark.parametrize("key", ["model_blessing", "infra_blessing"])
def test_missing_blessing_is_reported(push: Push, key: str) -> None:
    del push.inputs[key]
    fragment = push.run()
    assert not fragment["pushed"]
    assert f"the {key.replace('_', ' ')} is missing" in fragment["reason"]
    assert push.destination.all_names() == set()


def test_both_rejections_are_reported(push: Push, tmp_path: Path) -> None:
    push.inputs["model_blessing"] = blessing(standard_artifacts.ModelBlessing, tmp_path, 0)
    push.inputs["infra_blessing"] = []
    reason = push.run()["reason"]
    assert "the model blessing was denied" in reason
    assert "the infra blessing is missing" in reason


def test_rejection_does_not_change_served_version(push: Push, tmp_path: Path) -> None:
    version = push.run()["version"]
    push.inputs["model_blessing"] = blessing(standard_artifacts.ModelBlessing, tmp_path, 0)
    push.run()
    assert push.destination.visible() == ([version], [version])


def test_component_requires_both_blessings() -> None:
    channels: dict[str, Any] = {
        "bundle": types.Channel(type=artifacts.Bundle),
        "model": types.Channel(type=standard_artifacts.Model),
        "model_blessing": types.Channel(type=standard_artifacts.ModelBlessing),
        "infra_blessing": types.Channel(type=standard_artifacts.InfraBlessing),
        "evaluation": types.Channel(type=artifacts.Evaluation),
        "events_statistics": types.Channel(type=standard_artifacts.ExampleStatistics),
    }
    settings: dict[str, Any] = {
        "name": "demo",
        "serving_dir": "serving/demo",
        "portable_dir": "serving_portable/demo",
        "ids": "{}",
        "keep_versions": 5,
        "label": "stable",
        "code_version": "c0",
        "launch": "1",
    }
    component = VersionedPusher(**channels, **settings)
    assert component.outputs["pushed_model"].type is standard_artifacts.PushedModel
    for key in ("model_blessing", "infra_blessing"):
        with pytest.raises((TypeError, ValueError)):
            VersionedPusher(**{**channels, key: None}, **settings)
