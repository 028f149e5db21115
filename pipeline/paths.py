"""Where a run puts things: the layout of the run directory, once."""

import os
from dataclasses import dataclass

from schemas.settings import Settings
from schemas.steps import METRICS_FILE, REPORT_FILE, RUN_FILE

METADATA_FILE = "metadata.sqlite"


@dataclass(frozen=True)
class RunPaths:
    """The places of one run directory (`output:` of the configuration).

    What tells how it went lies in `record`: the run directory too, but for a re-index.
    """

    output: str
    record: str
    pipeline_root: str
    metadata: str
    serving_dir: str
    exact_dir: str
    rejects: str
    log: str
    metrics: str
    run: str
    report: str


def run_paths(settings: Settings) -> RunPaths:
    """The layout for validated settings; push destinations may lie elsewhere."""
    output = settings.output

    def at(*parts: str) -> str:
        return os.path.join(output, *parts)

    return RunPaths(
        output=output,
        record=output,
        pipeline_root=at("pipeline_root"),
        metadata=at(METADATA_FILE),
        serving_dir=os.path.join(settings.push.serving_dir or at("serving"), settings.name),
        exact_dir=os.path.join(settings.push.exact_dir or at("serving_exact"), settings.name),
        rejects=at("rejects"),
        log=at("run.log"),
        metrics=at(METRICS_FILE),
        run=at(RUN_FILE),
        report=at(REPORT_FILE),
    )
