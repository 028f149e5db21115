"""The graph of a run, by what the towers learn before they are pushed."""

import json

import pytest
from google.protobuf import json_format
from tfx.dsl.components.base.base_node import BaseNode
from tfx.proto import transform_pb2

from pipeline.graph import pipeline_nodes
from pipeline.paths import run_paths
from pipeline.runners.cache_keys import CacheKeys
from schemas.features import WINDOW_SPLITS
from schemas.model_settings import Refit
from schemas.settings import Settings, from_dict
from tests.chain_dataset import write_chain_dataset

KEYS = CacheKeys("launch", "log", "catalogue")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    world = write_chain_dataset(tmp_path_factory.mktemp("world"), 4, 6, 4)
    return {**world, "name": "chain", "output": "run"}


def nodes(world: dict[str, object], refit: Refit, keys: CacheKeys = KEYS) -> dict[str, BaseNode]:
    settings = from_dict(Settings, {**world, "train": {"refit": refit}})
    return {node.id: node for node in pipeline_nodes(settings, run_paths(settings), keys)}


def producer(node: BaseNode, key: str) -> str:
    return str(node.inputs[key].producer_component_id)


@pytest.mark.parametrize("refit", ["continue", "full"])
def test_refitted_towers_are_indexed_and_pushed_with_their_own_blessing(
    world: dict[str, object], refit: Refit
) -> None:
    graph = nodes(world, refit)

    assert producer(graph["ScannIndexer"], "model") == "TowerRefit"
    assert producer(graph["VersionedPusher"], "refit_blessing") == "TowerRefit"
    assert producer(graph["TowerRefit"], "model") == "TwoTowerTrainer"
    # The proven towers are evaluated, and kept with the version.
    assert producer(graph["RetrievalEvaluator"], "model") == "TwoTowerTrainer"
    assert producer(graph["VersionedPusher"], "model") == "TwoTowerTrainer"
    # A blessing as an input would change with every evaluation.
    assert "blessing" not in {key.rpartition("_")[2] for key in graph["TowerRefit"].inputs}


def test_without_a_refit_the_evaluated_towers_are_indexed(world: dict[str, object]) -> None:
    graph = nodes(world, "none")

    assert "TowerRefit" not in graph
    assert producer(graph["ScannIndexer"], "model") == "TwoTowerTrainer"
    assert "refit_blessing" not in graph["VersionedPusher"].inputs


@pytest.mark.parametrize(
    ("refit", "step", "analysed"),
    [("continue", "WindowsTransform", ["train"]), ("full", "WholeLogTransform", WINDOW_SPLITS)],
)
def test_new_towers_have_a_transform_graph_of_the_whole_log(
    world: dict[str, object], refit: Refit, step: str, analysed: list[str]
) -> None:
    graph = nodes(world, refit)

    for key in ("windows", "windows_graph"):
        assert producer(graph["TowerRefit"], key) == step
    config = graph[step].exec_properties["splits_config"]
    splits = json_format.Parse(config, transform_pb2.SplitsConfig())
    assert list(splits.analyze) == list(analysed)
    assert set(splits.transform) == set(WINDOW_SPLITS)


@pytest.mark.parametrize("refit", ["continue", "full", "none"])
def test_nodes_are_in_topological_order(world: dict[str, object], refit: Refit) -> None:
    graph = nodes(world, refit)
    order = list(graph)
    for position, node in enumerate(graph.values()):
        assert {upstream.id for upstream in node.upstream_nodes} <= set(order[:position])


def test_the_training_depends_on_its_starting_point_and_not_on_the_refit(
    world: dict[str, object],
) -> None:
    parameters = [
        nodes(world, kind)["TwoTowerTrainer"].exec_properties for kind in ("full", "none")
    ]
    assert parameters[0] == parameters[1]
    start = json.dumps({"version": "7"})
    warm = nodes(world, "none", CacheKeys("launch", "log", "catalogue", warm_start_from=start))
    assert warm["TwoTowerTrainer"].exec_properties["warm_start_from"] == start
