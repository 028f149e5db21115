"""`twotower reindex`: publishes an index of a changed catalogue with the towers of a run."""

import os
from dataclasses import replace

from components.pusher.same_towers import check_same_towers
from pipeline.commands.outcome import write_outcome
from pipeline.commands.reindex_plan import FOLDER, ReindexPlan
from pipeline.console import Console
from pipeline.exit_codes import ExitCode
from pipeline.reindex_graph import IMPORTER_OUTPUT, WINDOWS_IMPORTER, reindex_nodes
from pipeline.runners.cache_keys import reindex_cache_keys
from pipeline.runners.local import KeysAndNodes, RunOutcome, run_pipeline
from pipeline.runners.model_lineage import read_model_lineage
from pipeline.runners.read_record import record_path
from schemas.errors import InputError


def reindex_command(plan: ReindexPlan, console: Console) -> ExitCode:
    """Re-indexes a changed catalogue and prints the outcome.

    Args:
      plan: Settings and paths of the re-index.
      console: Receives progress and the outcome.

    Returns:
      The exit code of the re-index.

    Raises:
      InputError: The run cannot be re-indexed, another model is served, or another run is using the
        run directory.
    """
    outcome = run_reindex(plan, console)
    write_outcome(outcome, plan.settings, (WINDOWS_IMPORTER, IMPORTER_OUTPUT), console)
    return outcome.code


def run_reindex(plan: ReindexPlan, console: Console) -> RunOutcome:
    """Runs the pipeline of a re-index.

    Args:
      plan: Settings and paths of the re-index.
      console: Receives progress.

    Returns:
      The outcome. An error of a step is part of the outcome and is not raised.

    Raises:
      InputError: The run cannot be re-indexed, another model is served, or another run is using the
        run directory.
    """
    paths = plan.paths
    lineage = read_model_lineage(
        paths.metadata, plan.settings.name, plan.version, lambda uri: _current_folder(uri, plan)
    )
    # VersionedPusher checks this again; the check here avoids a run that ends in a rejection.
    check_same_towers(paths.serving_dir, plan.first_version, plan.settings.push.label)
    settings = replace(plan.settings, erase=lineage.erase)

    def build() -> KeysAndNodes:
        keys = reindex_cache_keys(settings)
        return keys, reindex_nodes(settings, paths, keys, lineage, plan.first_version)

    name = f"{settings.name}-{FOLDER}"
    return run_pipeline(name, build, settings, record_path(plan.run_dir), paths, console)


def _current_folder(uri: str, plan: ReindexPlan) -> str:
    """Returns the folder of an artifact, whose URI may precede a move of the run directory."""
    relative = os.path.relpath(uri, plan.recorded_run_dir)
    is_outside = relative.startswith(os.pardir)
    folder = uri if is_outside else os.path.join(plan.settings.output, relative)
    if not os.path.isdir(folder):
        raise InputError(
            f"{folder}: this artifact of version {plan.version} does not exist; a re-index needs "
            "the whole run directory: run `twotower run` again"
        )
    return folder
