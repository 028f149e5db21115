"""Publishes an index of a changed catalogue with the towers of a finished run."""

import os
from dataclasses import replace

from components.pusher.same_towers import check_descent
from pipeline.commands.reindex_settings import FOLDER, Reindex
from pipeline.commands.showcase import render_showcase
from pipeline.console import Console
from pipeline.exit_codes import ExitCode
from pipeline.reindex_graph import RESULT, WINDOWS, reindex_nodes
from pipeline.runners.launch import catalogue_facts
from pipeline.runners.lineage import read_pushed_model
from pipeline.runners.local import Build, RunOutcome, run_pipeline
from schemas.errors import InputError
from schemas.steps import CATALOGUE_EXAMPLE_GEN, RUN_FILE


def run_reindex(reindex: Reindex, console: Console) -> RunOutcome:
    """Runs the pipeline of a re-index.

    Args:
      reindex: What to do.
      console: Where progress goes.

    Returns:
      The outcome; an error of a step is in it, not raised.

    Raises:
      InputError: The run cannot be re-indexed, another model serves, or another run is using the
        run directory.
    """
    paths = reindex.paths
    pushed = read_pushed_model(
        paths.metadata, reindex.settings.name, reindex.version, lambda uri: _located(uri, reindex)
    )
    # The push looks again; here it saves the wait for a rejection.
    check_descent(paths.serving_dir, reindex.first_version)
    settings = replace(reindex.settings, erase=pushed.erase)

    def build() -> Build:
        facts = catalogue_facts(settings)
        return facts, reindex_nodes(settings, paths, facts, pushed, reindex.first_version)

    name, source = f"{settings.name}-{FOLDER}", os.path.join(reindex.run, RUN_FILE)
    return run_pipeline(name, build, settings, source, paths, console)


def render_reindexed(reindex: Reindex, outcome: RunOutcome) -> str:
    """What is recommended of the new catalogue to three users; nothing where none was pushed."""
    if outcome.code is not ExitCode.PUSHED:
        return ""
    windows = outcome.output_uri(WINDOWS, RESULT)
    catalogue = outcome.output_uri(CATALOGUE_EXAMPLE_GEN, "examples")
    if windows is None or catalogue is None:
        raise RuntimeError("the re-index pushed a model but left no examples in its metadata")
    return render_showcase(outcome.paths.serving_dir, windows, catalogue, reindex.settings)


def _located(uri: str, reindex: Reindex) -> str:
    """Where an artifact is now: the run directory may have been moved."""
    inside = os.path.relpath(uri, reindex.trained_in)
    folder = uri if inside.startswith(os.pardir) else os.path.join(reindex.settings.output, inside)
    if not os.path.isdir(folder):
        raise InputError(
            f"{folder}: this artifact of version {reindex.version} is gone; a re-index needs the "
            "whole run directory: run `twotower run` again"
        )
    return folder
