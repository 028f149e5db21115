"""Consistency checks: settings that are valid on their own but contradict each other."""

import difflib
import itertools
from collections.abc import Iterator, Sequence

from pipeline.config.negatives import negative_problems
from pipeline.config.sources import source_problems
from pipeline.config.times import time_problems
from schemas.errors import InputError
from schemas.features import feature_table
from schemas.metrics import BASELINES, COVERAGE, SLICES, accuracy_names
from schemas.model_settings import POOL_SETTINGS
from schemas.settings import Settings


def check_consistency(path: str, settings: Settings) -> None:
    """Checks validated settings against each other.

    Args:
      path: The configuration file, for the message.
      settings: Validated settings.

    Raises:
      InputError: Lists every contradiction and its remedy.
    """
    problems = [
        *_output(settings),
        *source_problems(settings),
        *time_problems(settings),
        *_interactions_and_targets(settings),
        *negative_problems(settings),
        *_split(settings),
        *_sizes(settings),
        *_losses(settings),
        *_machines(settings),
        *_determinism(settings),
        *_gates(settings),
        *_slices(settings),
    ]
    if problems:
        raise InputError(f"{path}: " + "; ".join(problems))


def _output(settings: Settings) -> Iterator[str]:
    if "://" in settings.output:
        yield (
            f"output: {settings.output} is remote, but the metadata and the lock of a run need a "
            "local folder; only push.serving_dir, push.portable_dir and --pipeline-root of a "
            "compiled pipeline may be remote"
        )


def _interactions_and_targets(settings: Settings) -> Iterator[str]:
    targets = settings.targets
    fields, keep = settings.interactions.fields, settings.interactions.keep
    read = [("user_id", fields.user_id), ("item_id", fields.item_id)]
    read += [("timestamp", column) for column in settings.interactions.timestamp_columns]
    for (first, column), (second, other) in itertools.combinations(read, 2):
        if column == other:
            yield (
                f"interactions.fields: {first} and {second} are both read from column "
                f"{column!r}; give the column of each"
            )
    for key, types in (
        ("interactions.keep.event_types", keep.event_types),
        ("targets.event_types", targets.event_types),
    ):
        if types is not None and not types:
            yield f"{key}: an empty list selects no event; list some types, or remove the key"
    uses_types = {
        "interactions.keep.event_types": keep.event_types,
        "targets.event_types": targets.event_types,
        "targets.weights": targets.weights,
    }
    for key, used in uses_types.items():
        if used and fields.event_type is None:
            yield f"{key}: requires interactions.fields.event_type, the column of the event type"
    if keep.event_types:
        yield from _dropped_targets(settings, keep.event_types)
    if targets.event_types:
        for event_type in sorted(targets.weights.keys() - set(targets.event_types)):
            yield (
                f"targets.weights.{event_type}: is not a target type, so its weight has no effect; "
                f"add it to targets.event_types ({', '.join(targets.event_types)}), or remove the "
                "weight"
            )
    if keep.max_user_events is not None and keep.max_user_events < keep.min_user_events:
        yield (
            f"interactions.keep.max_user_events is {keep.max_user_events}, below "
            f"interactions.keep.min_user_events ({keep.min_user_events}), so that no user is kept; "
            "change one of them"
        )
    if keep.min_value is not None and fields.value is None:
        yield "interactions.keep.min_value: requires interactions.fields.value, its column"


def _dropped_targets(settings: Settings, kept: Sequence[str]) -> Iterator[str]:
    """Yields a problem for each target type that interactions.keep.event_types leaves out."""
    targets = settings.targets
    for key, types in (
        ("targets.event_types", targets.event_types or ()),
        ("targets.weights", targets.weights),
    ):
        for event_type in types:
            if event_type not in kept:
                yield (
                    f"{key}: {event_type!r} is left out by interactions.keep.event_types "
                    f"({', '.join(kept)}), so none of its events is a target; add it there, or "
                    "remove it here"
                )


def _split(settings: Settings) -> Iterator[str]:
    split = settings.split
    if (split.eval_start is None) != (split.test_start is None):
        yield "split.eval_start and split.test_start must be given together"
    elif split.eval_start is not None and split.policy == "leave_one_out":
        yield (
            "split.eval_start and split.test_start do not apply to policy leave_one_out; remove "
            "them"
        )
    if settings.model.recent_popularity and split.policy == "leave_one_out":
        yield (
            "model.recent_popularity: with split.policy leave_one_out, most targets precede the "
            "end of the train split, so popularity at that time would leak future data; remove "
            "this key"
        )
    uses_popularity = (
        settings.model.recent_popularity is not False and split.policy != "leave_one_out"
    )
    if settings.train.popularity_lag is not None and not uses_popularity:
        yield (
            "train.popularity_lag: does not apply with model.recent_popularity false or "
            "split.policy leave_one_out, with which scores do not depend on the popularity of "
            "items; remove this key"
        )


def _sizes(settings: Settings) -> Iterator[str]:
    dim, num_heads, index = settings.model.dim, settings.model.encoder.num_heads, settings.index
    if dim and num_heads and dim % num_heads:
        yield (
            f"model.dim is {dim}, which model.encoder.num_heads ({num_heads}) does not divide; "
            "change one of them, or remove one and let the recipe choose it"
        )
    if index.k > index.max_k:
        yield f"index.k is {index.k}, above index.max_k ({index.max_k}); change one of them"


def _losses(settings: Settings) -> Iterator[str]:
    train = settings.train
    if train.loss == "full_softmax":
        for name in POOL_SETTINGS:
            if getattr(train, name) is not None:
                yield (
                    f"train.{name}: does not apply to train.loss full_softmax, which scores the "
                    "whole catalogue; remove it, or choose sampled_softmax"
                )
    if train.in_batch_negatives == train.catalogue_negatives == 0:
        yield (
            "train.in_batch_negatives and train.catalogue_negatives are both 0, so that a target "
            "has no negative; raise or remove one of them"
        )
    if train.loss == "contrastive" and settings.model.similarity != "cosine":
        yield (
            "train.loss contrastive: requires model.similarity cosine, for whose range its margin "
            "and its limit of 1 are defined"
        )
    if train.margin is not None and train.loss not in ("contrastive", "triplet"):
        yield "train.margin: applies only to train.loss contrastive or triplet; remove it"


def _machines(settings: Settings) -> Iterator[str]:
    strategy = settings.train.strategy
    machines = None if settings.deploy is None else settings.deploy.trainer
    if machines is None:
        return
    if machines.replicas > 1 and strategy != "multi_worker":
        yield (
            f"deploy.trainer.replicas is {machines.replicas}, but train.strategy is "
            f"{strategy or 'not set'}, which uses one machine; set it to multi_worker"
        )
    if machines.accelerators_per_replica > 1 and machines.accelerator is None:
        yield (
            "deploy.trainer.accelerators_per_replica: requires deploy.trainer.accelerator, their "
            "type"
        )
    elif machines.accelerators_per_replica > 1 and strategy is None:
        yield (
            f"deploy.trainer.accelerators_per_replica is {machines.accelerators_per_replica}, but "
            "without train.strategy a training uses one; set it to mirrored or multi_worker"
        )


def _determinism(settings: Settings) -> Iterator[str]:
    train = settings.train
    if train.deterministic and train.max_seconds is not None:
        yield (
            f"train.deterministic: needs train.max_seconds: null (now {train.max_seconds:g}), "
            "because with a time limit the learning rate depends on the speed of the machine"
        )


def _gates(settings: Settings) -> Iterator[str]:
    gates = settings.evaluation.gates
    if gates.metric == COVERAGE:
        yield (
            f"evaluation.gates.metric: {COVERAGE} has no value per user, so that two models cannot "
            "be compared by it; set evaluation.gates.min_coverage, and an accuracy metric here"
        )
    else:
        metrics = accuracy_names(settings.evaluation.cutoffs)
        yield from _unknown("evaluation.gates.metric", gates.metric, metrics)
    for key in ("better_than", "not_worse_than"):
        for baseline in getattr(gates, key) or ():
            yield from _unknown(f"evaluation.gates.{key}", baseline, BASELINES)
    for name in gates.slices or ():
        known = (*SLICES, *settings.evaluation.slices)
        yield from _unknown("evaluation.gates.slices", name, known)


def _slices(settings: Settings) -> Iterator[str]:
    table = feature_table(settings.data)
    sources = {"users": table.user, "context": table.context, "items": table.item}
    categories = [
        f"{source}.{feature.name}"
        for source, features in sources.items()
        for feature in features
        if feature.holds_categories
    ]
    for name in settings.evaluation.slices:
        yield from _unknown("evaluation.slices", name, categories)


def _unknown(key: str, name: str, known: Sequence[str]) -> Iterator[str]:
    if name not in known:
        close = difflib.get_close_matches(name, known, n=1, cutoff=0.0)
        hint = f" did you mean {close[0]!r}?" if close else ""
        yield f"{key}: {name!r} is unknown;{hint} (known: {', '.join(known) or 'none'})"
