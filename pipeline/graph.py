"""The graph of the pipeline: its components, their parameters and how they are connected."""

from dataclasses import replace

from tfx.components.example_validator.component import ExampleValidator
from tfx.components.statistics_gen.component import StatisticsGen
from tfx.components.transform.component import Transform
from tfx.dsl.components.base.base_node import BaseNode
from tfx.proto import transform_pb2
from tfx.types import Channel

from components.catalogue_gen.component import CatalogueExampleGen
from components.config_schema.component import ConfigSchema
from components.current_model.component import CurrentModel
from components.data_gate.component import DataGate
from components.evaluator.component import RetrievalEvaluator
from components.example_gen.component import InteractionExampleGen
from components.indexer.component import ScannIndexer
from components.pusher.component import VersionedPusher
from components.refit.component import TowerRefit
from components.trainer.component import TwoTowerTrainer
from pipeline.paths import RunPaths
from pipeline.runners.cache_keys import CacheKeys
from pipeline.runners.code_version import code_version
from pipeline.runners.provenance import provenance
from schemas.deploy_settings import TrainerJob
from schemas.features import CATALOGUE_SPLIT, TRAIN_SPLIT, WINDOW_SPLITS
from schemas.settings import Settings, to_json

PREPROCESSING = "components.transform.preprocessing"


def pipeline_nodes(
    settings: Settings, paths: RunPaths, keys: CacheKeys, trainer_job: TrainerJob | None = None
) -> list[BaseNode]:
    """Returns the connected components of the pipeline in topological order.

    Args:
      settings: Validated settings.
      paths: The folders of the run.
      keys: The values that decide which steps are taken from the cache.
      trainer_job: The custom job of the training; None trains in the process of the step.
    """
    data = to_json(settings.data.without_erased_ids)

    current = CurrentModel(
        serving_dir=paths.serving_dir,
        portable_dir=paths.portable_dir,
        code_version=code_version("current_model"),
        launch=keys.launch_id,
    )
    catalogue, schema, catalogue_statistics, catalogue_validator = catalogue_nodes(settings, keys)
    interactions = InteractionExampleGen(
        catalogue=catalogue.outputs["examples"],
        data=to_json(settings.data),
        code_version=code_version("example_gen"),
        fingerprint=keys.interactions_fingerprint,
    )
    events_statistics, events_validator = _statistics_nodes(
        "Events", interactions.outputs["events"], schema.outputs["events_schema"]
    )
    gate = DataGate(
        events=interactions.outputs["events"],
        catalogue=catalogue.outputs["examples"],
        events_statistics=events_statistics.outputs["statistics"],
        events_schema=schema.outputs["events_schema"],
        catalogue_schema=schema.outputs["catalogue_schema"],
        events_anomalies=events_validator.outputs["anomalies"],
        catalogue_anomalies=catalogue_validator.outputs["anomalies"],
        interaction_rejects=interactions.outputs["rejects"],
        catalogue_rejects=catalogue.outputs["rejects"],
        current=current.outputs["current"],
        data=data,
        push=to_json(settings.push),
        code_version=code_version("data_gate"),
        launch=keys.launch_id,
    )

    windows_transform = _transform(
        "Windows",
        data,
        interactions.outputs["windows"],
        schema.outputs["windows_schema"],
        analysed=(TRAIN_SPLIT,),
        transformed=WINDOW_SPLITS,
    )
    catalogue_transform = _transform(
        "Catalogue",
        data,
        catalogue.outputs["examples"],
        schema.outputs["catalogue_schema"],
        analysed=(CATALOGUE_SPLIT,),
        transformed=(CATALOGUE_SPLIT,),
    )
    for transform in (windows_transform, catalogue_transform):
        transform.add_upstream_node(gate)

    trainer = TwoTowerTrainer(
        windows=windows_transform.outputs["transformed_examples"],
        catalogue=catalogue_transform.outputs["transformed_examples"],
        windows_graph=windows_transform.outputs["transform_graph"],
        catalogue_graph=catalogue_transform.outputs["transform_graph"],
        users=interactions.outputs["users"],
        raw_catalogue=catalogue.outputs["examples"],
        data=data,
        model_settings=to_json(settings.model),
        # A training does not depend on what follows it.
        train_settings=to_json(replace(settings.train, refit="none")),
        warm_start_from=keys.warm_start_from,
        custom_job="" if trainer_job is None else to_json(trainer_job),
        code_version=code_version("trainer"),
    )
    evaluator = RetrievalEvaluator(
        model=trainer.outputs["model"],
        windows=interactions.outputs["windows"],
        catalogue=catalogue.outputs["examples"],
        current=current.outputs["current"],
        data=data,
        evaluation_settings=to_json(settings.evaluation),
        code_version=code_version("evaluator"),
    )
    refit_nodes = _refit_nodes(
        settings,
        data,
        trainer,
        interactions,
        schema.outputs["windows_schema"],
        windows_transform,
        catalogue_transform,
    )
    refit = refit_nodes[-1] if refit_nodes else None
    indexer = ScannIndexer(
        model=trainer.outputs["model"] if refit is None else refit.outputs["refitted"],
        catalogue=catalogue.outputs["examples"],
        windows=interactions.outputs["windows"],
        data=data,
        index_settings=to_json(settings.index),
        code_version=code_version("indexer"),
    )
    pusher = VersionedPusher(
        bundle=indexer.outputs["bundle"],
        model=trainer.outputs["model"],
        model_blessing=evaluator.outputs["blessing"],
        infra_blessing=indexer.outputs["infra_blessing"],
        refit_blessing=None if refit is None else refit.outputs["blessing"],
        evaluation=evaluator.outputs["evaluation"],
        events_statistics=events_statistics.outputs["statistics"],
        name=settings.name,
        serving_dir=paths.serving_dir,
        portable_dir=paths.portable_dir,
        ids=to_json(settings.ids),
        keep_versions=settings.push.keep_versions,
        label=settings.push.label,
        code_version=code_version("pusher"),
        launch=keys.launch_id,
        provenance=provenance(settings, keys),
    )
    return [
        current,
        catalogue,
        interactions,
        schema,
        events_statistics,
        events_validator,
        catalogue_statistics,
        catalogue_validator,
        gate,
        windows_transform,
        catalogue_transform,
        trainer,
        evaluator,
        *refit_nodes,
        indexer,
        pusher,
    ]


def _refit_nodes(
    settings: Settings,
    data: str,
    trainer: BaseNode,
    interactions: BaseNode,
    windows_schema: Channel,
    windows_transform: BaseNode,
    catalogue_transform: BaseNode,
) -> list[BaseNode]:
    """Returns the steps between trainer and indexer, TowerRefit last; none by `train.refit`.

    The towers of a training that is continued need the transform graph that they were trained
    with. New towers have one of their own, whose vocabularies and scales are those of the whole
    log.
    """
    kind = settings.train.refit
    if kind == "none":
        return []
    nodes = []
    if kind == "full":
        windows_transform = _transform(
            "Windows",
            data,
            interactions.outputs["windows"],
            windows_schema,
            analysed=WINDOW_SPLITS,
            transformed=WINDOW_SPLITS,
        ).with_id("WholeLogTransform")
        windows_transform.add_upstream_node(trainer)
        nodes.append(windows_transform)
    refit = TowerRefit(
        model=trainer.outputs["model"],
        windows=windows_transform.outputs["transformed_examples"],
        catalogue=catalogue_transform.outputs["transformed_examples"],
        windows_graph=windows_transform.outputs["transform_graph"],
        catalogue_graph=catalogue_transform.outputs["transform_graph"],
        users=interactions.outputs["users"],
        data=data,
        kind=kind,
        code_version=code_version("refit"),
    )
    return [*nodes, refit]


def catalogue_nodes(
    settings: Settings, keys: CacheKeys
) -> tuple[BaseNode, BaseNode, BaseNode, BaseNode]:
    """Returns CatalogueExampleGen, ConfigSchema, and the catalogue's statistics and validator."""
    catalogue = CatalogueExampleGen(
        data=to_json(settings.data),
        code_version=code_version("catalogue_gen"),
        fingerprint=keys.catalogue_fingerprint,
    )
    schema = ConfigSchema(
        data=to_json(settings.data.without_erased_ids),
        curated=settings.schema or "",
        code_version=code_version("config_schema"),
        fingerprint=keys.curated_schema_hash,
    )
    statistics, validator = _statistics_nodes(
        "Catalogue", catalogue.outputs["examples"], schema.outputs["catalogue_schema"]
    )
    return catalogue, schema, statistics, validator


def _statistics_nodes(
    subject: str, examples: Channel, schema: Channel
) -> tuple[BaseNode, BaseNode]:
    """Returns StatisticsGen and ExampleValidator for one set of examples."""
    statistics = StatisticsGen(examples=examples, schema=schema)
    validator = ExampleValidator(statistics=statistics.outputs["statistics"], schema=schema)
    return (
        statistics.with_id(f"{subject}Statistics"),
        validator.with_id(f"{subject}Validator"),
    )


def _transform(
    subject: str,
    data: str,
    examples: Channel,
    schema: Channel,
    analysed: tuple[str, ...],
    transformed: tuple[str, ...],
) -> BaseNode:
    """Returns a Transform that analyses some splits and writes those that are trained on."""
    preprocessing_fn = f"{PREPROCESSING}.{subject.lower()}_preprocessing_fn"
    transform = Transform(
        examples=examples,
        schema=schema,
        preprocessing_fn=preprocessing_fn,
        splits_config=transform_pb2.SplitsConfig(analyze=analysed, transform=transformed),
        custom_config={"data": data, "code_version": code_version("transform")},
        disable_statistics=True,
        # The analyser cache helps with rolling spans; here it takes longer than the analysis.
        disable_analyzer_cache=True,
    )
    return transform.with_id(f"{subject}Transform")
