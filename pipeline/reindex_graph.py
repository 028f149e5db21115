"""The graph of a re-index: a new catalogue is indexed with the towers of a finished run."""

from tfx.dsl.components.base.base_node import BaseNode
from tfx.dsl.components.common.importer import Importer
from tfx.types import standard_artifacts

from components import artifacts
from components.current_model.component import CurrentModel
from components.data_gate.component import DataGate
from components.indexer.component import ScannIndexer
from components.pusher.component import VersionedPusher
from pipeline.graph import catalogue_nodes
from pipeline.paths import RunPaths
from pipeline.runners.cache_keys import CacheKeys
from pipeline.runners.code_version import code_version
from pipeline.runners.model_lineage import ModelLineage
from pipeline.runners.provenance import provenance
from schemas.settings import Settings, to_json

WINDOWS_IMPORTER = "TrainedWindows"
IMPORTER_OUTPUT = "result"


def reindex_nodes(
    settings: Settings, paths: RunPaths, keys: CacheKeys, lineage: ModelLineage, version: str
) -> list[BaseNode]:
    """Returns the connected components of a re-index in topological order.

    Args:
      settings: Settings of the run, with the new catalogue.
      paths: Paths of the re-index.
      keys: Cache keys of the new catalogue.
      lineage: Artifacts of the pushed model.
      version: The version as which the towers were first pushed.
    """
    data = to_json(settings.data.without_erased_ids)

    current = CurrentModel(
        serving_dir=paths.serving_dir,
        portable_dir=paths.portable_dir,
        code_version=code_version("current_model"),
        launch=keys.launch_id,
    )
    model = Importer(lineage.model, standard_artifacts.Model).with_id("TrainedModel")
    proven = Importer(lineage.proven_model, standard_artifacts.Model).with_id("ProvenModel")
    windows = Importer(lineage.windows, standard_artifacts.Examples).with_id(WINDOWS_IMPORTER)
    blessing = _blessing(lineage.model_blessing).with_id("TrainedBlessing")
    refit_blessing = None
    if lineage.refit_blessing is not None:
        refit_blessing = _blessing(lineage.refit_blessing).with_id("RefitBlessing")
    evaluation = Importer(lineage.evaluation, artifacts.Evaluation).with_id("TrainedEvaluation")
    events_statistics = Importer(
        lineage.events_statistics, standard_artifacts.ExampleStatistics
    ).with_id("TrainedStatistics")

    catalogue, schema, statistics, validator = catalogue_nodes(settings, keys)
    gate = DataGate(
        catalogue=catalogue.outputs["examples"],
        catalogue_schema=schema.outputs["catalogue_schema"],
        catalogue_anomalies=validator.outputs["anomalies"],
        catalogue_rejects=catalogue.outputs["rejects"],
        current=current.outputs["current"],
        data=data,
        push=to_json(settings.push),
        code_version=code_version("data_gate"),
        launch=keys.launch_id,
    )
    indexer = ScannIndexer(
        model=model.outputs[IMPORTER_OUTPUT],
        catalogue=catalogue.outputs["examples"],
        windows=windows.outputs[IMPORTER_OUTPUT],
        data=data,
        index_settings=to_json(settings.index),
        code_version=code_version("indexer"),
        is_reindex=True,
    )
    indexer.add_upstream_node(gate)
    pusher = VersionedPusher(
        bundle=indexer.outputs["bundle"],
        model=proven.outputs[IMPORTER_OUTPUT],
        refit_blessing=None if refit_blessing is None else refit_blessing.outputs[IMPORTER_OUTPUT],
        model_blessing=blessing.outputs[IMPORTER_OUTPUT],
        infra_blessing=indexer.outputs["infra_blessing"],
        evaluation=evaluation.outputs[IMPORTER_OUTPUT],
        events_statistics=events_statistics.outputs[IMPORTER_OUTPUT],
        name=settings.name,
        serving_dir=paths.serving_dir,
        portable_dir=paths.portable_dir,
        ids=to_json(settings.ids),
        keep_versions=settings.push.keep_versions,
        label=settings.push.label,
        code_version=code_version("pusher"),
        launch=keys.launch_id,
        provenance=provenance(settings, keys),
        reindex_of=version,
    )
    return [
        current,
        model,
        proven,
        windows,
        blessing,
        *([] if refit_blessing is None else [refit_blessing]),
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


def _blessing(folder: str) -> Importer:
    # A pushed model was blessed. If the run directory was moved, the metadata store has no artifact
    # with the new URI, so the importer creates one without this property.
    return Importer(folder, standard_artifacts.ModelBlessing, custom_properties={"blessed": 1})
