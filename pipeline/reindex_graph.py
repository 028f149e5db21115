"""The graph of a re-index: a new catalogue, the towers of a finished run, the index, the push."""

from tfx.dsl.components.base.base_node import BaseNode
from tfx.dsl.components.common.importer import Importer
from tfx.types import standard_artifacts

from components import artifacts
from components.data_gate.component import DataGate
from components.indexer.component import ScannIndexer
from components.pusher.component import VersionedPusher
from pipeline.graph import LaunchFacts, catalogue_nodes
from pipeline.paths import RunPaths
from pipeline.runners.code_version import code_version
from pipeline.runners.lineage import PushedModel
from schemas.settings import Settings, to_json

WINDOWS = "TrainedWindows"
RESULT = "result"


def reindex_nodes(
    settings: Settings, paths: RunPaths, facts: LaunchFacts, pushed: PushedModel, version: str
) -> list[BaseNode]:
    """Every step of a re-index, wired, in topological order.

    Args:
      settings: The run's, with the new catalogue.
      paths: Where things go.
      facts: Of the new catalogue.
      pushed: What the run pushed.
      version: As which it was pushed.
    """
    data = to_json(settings.data.without_erased_ids)

    model = Importer(pushed.model, standard_artifacts.Model).with_id("TrainedModel")
    windows = Importer(pushed.windows, standard_artifacts.Examples).with_id(WINDOWS)
    blessing = Importer(
        pushed.model_blessing,
        standard_artifacts.ModelBlessing,
        # What was pushed was blessed. A run directory that was moved holds it under a new name,
        # of which the metadata knows nothing.
        custom_properties={"blessed": 1},
    ).with_id("TrainedBlessing")
    evaluation = Importer(pushed.evaluation, artifacts.Evaluation).with_id("TrainedEvaluation")
    events_statistics = Importer(
        pushed.events_statistics, standard_artifacts.ExampleStatistics
    ).with_id("TrainedStatistics")

    catalogue, schema, statistics, validator = catalogue_nodes(settings, facts)
    gate = DataGate(
        catalogue=catalogue.outputs["examples"],
        catalogue_schema=schema.outputs["catalogue_schema"],
        catalogue_anomalies=validator.outputs["anomalies"],
        catalogue_rejects=catalogue.outputs["rejects"],
        data=data,
        code_version=code_version("data_gate"),
        launch=facts.launch,
    )
    indexer = ScannIndexer(
        model=model.outputs[RESULT],
        catalogue=catalogue.outputs["examples"],
        windows=windows.outputs[RESULT],
        data=data,
        index_settings=to_json(settings.index),
        code_version=code_version("indexer"),
        is_reindex=True,
    )
    indexer.add_upstream_node(gate)
    pusher = VersionedPusher(
        bundle=indexer.outputs["bundle"],
        model_blessing=blessing.outputs[RESULT],
        infra_blessing=indexer.outputs["infra_blessing"],
        evaluation=evaluation.outputs[RESULT],
        events_statistics=events_statistics.outputs[RESULT],
        name=settings.name,
        serving_dir=paths.serving_dir,
        exact_dir=paths.exact_dir,
        keep_versions=settings.push.keep_versions,
        code_version=code_version("pusher"),
        launch=facts.launch,
        reindex_of=version,
    )
    return [
        model,
        windows,
        blessing,
        evaluation,
        events_statistics,
        catalogue,
        schema,
        statistics,
        validator,
        gate,
        indexer,
        pusher,
    ]
