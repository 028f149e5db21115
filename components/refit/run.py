"""Refits the proven towers to the whole log; called by the executor of TowerRefit."""

import time
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

import tensorflow_transform as tft

from components.examples.read import read_users
from components.examples.shards import split_files
from components.gate import GateResult, log_gates
from components.progress import progress
from components.refit.continuation import (
    RefittedTowers,
    continue_training,
    proven_model,
    train_anew,
)
from components.refit.gates import (
    finite_gate,
    health_gate,
    old_windows_gate,
    rehearsal_gate,
)
from components.refit.rehearsal import Rehearsal, rehearse
from components.refit.target_ranks import rank_targets
from components.refit.whole_log import WholeLog, read_whole_log
from components.trainer.data.read import TrainerInputs
from components.trainer.data.windows import joined, with_targets
from components.trainer.export.saved_model import TransformGraphs, export_towers
from components.trainer.fit.recipe import Recipe
from components.trainer.fit.train import TrainedTowers
from components.trainer.model.towers import RetrievalTowers
from components.trainer.state.training_state import read_state, recipe_of
from components.trainer.state.vocabularies import tower_vocabularies
from schemas.features import (
    CATALOGUE_SPLIT,
    EVAL_SPLIT,
    TEST_SPLIT,
    TRAIN_SPLIT,
    feature_table,
)
from schemas.model_settings import Refit
from schemas.settings import DataSettings

# Targets of split train on which the refitted towers are compared with the proven ones.
_OLD_TARGETS = 4_000


@dataclass(frozen=True)
class RefitPaths:
    """The artifact folders of one refit.

    Attributes:
      model: The SavedModel of the proven towers, with the state of their training.
      windows: The transformed windows, of all splits.
      catalogue: The transformed catalogue.
      windows_graph: The transform graph of the windows.
      catalogue_graph: The transform graph of the catalogue.
      users: The raw users.
      serving_model: The folder to which the SavedModel is written.
    """

    model: str
    windows: str
    catalogue: str
    windows_graph: str
    catalogue_graph: str
    users: str
    serving_model: str


@dataclass(frozen=True)
class Refitted:
    """The report of a refit, and the results of its gates."""

    report: dict[str, Any]
    gates: list[GateResult]

    @property
    def passed(self) -> bool:
        """Whether every gate passed."""
        return all(gate.passed for gate in self.gates)


def refit(paths: RefitPaths, data: DataSettings, kind: Refit) -> Refitted:
    """Trains the towers on the whole log, exports them, and checks their gates.

    Args:
      paths: The artifact folders.
      data: The settings of the data.
      kind: `continue` continues the training of the proven towers, after a rehearsal. `full` trains
        new towers with the recipe and the number of epochs of the proven ones.

    Raises:
      InputError: The proven towers have no training state, or the log has no target after split
        train.
      TrainingDivergedError: A loss or a weight is not finite.
    """
    started = time.monotonic()
    state = read_state(paths.model)
    log = _read(paths, data)
    vocabularies = tower_vocabularies(
        log.reader.features,
        log.reader.vocabularies,
        tft.TFTransformOutput(paths.windows_graph),
        tft.TFTransformOutput(paths.catalogue_graph),
        recipe_of(state).model,
    )
    proven = proven_model(state, vocabularies, log).towers
    rehearsal = None
    if kind == "continue":
        progress.info("refit: rehearsal on split eval and the older half of split test")
        rehearsal = rehearse(state, vocabularies, log, proven)
        progress.info("refit: continuing the training on the splits eval and test")
        result = continue_training(state, vocabularies, log, log.later)
    else:
        progress.info("refit: training on the whole log from the start")
        result = train_anew(state, log, joined([log.train, log.later]))
    gates = [] if kind == "full" else [rehearsal_gate(rehearsal)]
    gates += _gates(result.model.towers, proven, log, kind, recipe_of(state).train.seed)
    log_gates(gates)
    trained = _trained(result, recipe_of(state), log, time.monotonic() - started)
    graphs = TransformGraphs(paths.windows_graph, paths.catalogue_graph)
    users = read_users(paths.users, feature_table(data))
    export_towers(trained, data, graphs, users, paths.serving_model)
    report = _report(kind, result, log, rehearsal, trained)
    return Refitted({**report, "seconds": time.monotonic() - started}, gates)


def _read(paths: RefitPaths, data: DataSettings) -> WholeLog:
    inputs = TrainerInputs(
        train_files=split_files(paths.windows, TRAIN_SPLIT),
        eval_files=split_files(paths.windows, EVAL_SPLIT),
        catalogue_files=split_files(paths.catalogue, CATALOGUE_SPLIT),
        windows_graph=paths.windows_graph,
        catalogue_graph=paths.catalogue_graph,
    )
    return read_whole_log(inputs, split_files(paths.windows, TEST_SPLIT), data)


def _gates(
    refitted: RetrievalTowers, proven: RetrievalTowers, log: WholeLog, kind: Refit, seed: int
) -> list[GateResult]:
    old = with_targets(log.train, _OLD_TARGETS)
    ranks, proven_ranks = rank_targets(refitted, old), rank_targets(proven, old)
    finite = finite_gate(ranks)
    if not finite.passed:
        return [finite]
    gates = [finite, health_gate(ranks, proven_ranks)]
    # Another transform graph scales numbers differently, so that the proven towers cannot rank the
    # windows of a full refit.
    if kind == "continue":
        gates.append(old_windows_gate(ranks, proven_ranks, seed))
    return gates


def _trained(
    result: RefittedTowers, recipe: Recipe, log: WholeLog, seconds: float
) -> TrainedTowers:
    """Returns the towers in the form in which they are exported."""
    fitted = result.fitted
    return TrainedTowers(
        model=result.model,
        candidates=log.reader.candidates,
        vocabularies=log.reader.vocabularies,
        recipe=recipe,
        history=fitted.history,
        best_epoch=fitted.best_epoch,
        seconds=seconds,
        targets_per_second=fitted.targets_per_second,
        repeat_targets_left_out=log.later.repeat_targets,
        train_end_s=log.end_s,
        sample_split=log.sample_split,
        sample=log.sample,
    )


def _report(
    kind: Refit,
    result: RefittedTowers,
    log: WholeLog,
    rehearsal: Rehearsal | None,
    trained: TrainedTowers,
) -> dict[str, Any]:
    known, now = log.known, log.reader.vocabularies
    return {
        "kind": kind,
        "rehearsal": None if rehearsal is None else rehearsal.to_dict(),
        "learned_until": datetime.fromtimestamp(log.end_s, tz=timezone.utc).isoformat(),
        "epochs": len(trained.history),
        "targets": {"new": log.later.num_targets, "replayed": result.num_replayed_targets},
        "new_items": len(now.items) - len(known.items),
        "new_users": len(now.users) - len(known.users),
        "candidates": len(trained.candidates),
        "targets_per_second": trained.targets_per_second,
        "history": trained.history,
    }
