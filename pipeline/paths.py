"""The layout of a run directory."""

import os
from dataclasses import dataclass

from components import files
from schemas.settings import Settings
from schemas.steps import METRICS_FILE, REPORT_FILE, RUN_FILE

METADATA_FILE = "metadata.sqlite"
_FORMER_PORTABLE_FOLDER = "serving_exact"


@dataclass(frozen=True)
class RunPaths:
    """Paths of the files and folders of a run.

    Attributes:
      run_dir: The run directory (`output` in the configuration).
      report_dir: Folder of the report, the run record, the metrics, the log and the rejects. It is
        the run directory, except for a re-index.
      pipeline_root: Folder of the artifacts.
      metadata: SQLite file of the metadata store.
      serving_dir: Folder of the pushed versions of the ScaNN model.
      portable_dir: Folder of the pushed versions of the portable twin.
      rejects: Folder of the rejected records.
      log: Log file.
      metrics: metrics.json.
      run_record: run.json.
      report: report.html.
    """

    run_dir: str
    report_dir: str
    pipeline_root: str
    metadata: str
    serving_dir: str
    portable_dir: str
    rejects: str
    log: str
    metrics: str
    run_record: str
    report: str


def run_paths(settings: Settings) -> RunPaths:
    """Returns the paths of a run; `push` settings may place the served versions elsewhere."""
    run_dir = settings.output

    def inside(*parts: str) -> str:
        return os.path.join(run_dir, *parts)

    return RunPaths(
        run_dir=run_dir,
        report_dir=run_dir,
        pipeline_root=inside("pipeline_root"),
        metadata=inside(METADATA_FILE),
        serving_dir=os.path.join(settings.push.serving_dir or inside("serving"), settings.name),
        portable_dir=os.path.join(
            settings.push.portable_dir or _portable_parent(run_dir, settings.name), settings.name
        ),
        rejects=inside("rejects"),
        log=inside("run.log"),
        metrics=inside(METRICS_FILE),
        run_record=inside(RUN_FILE),
        report=inside(REPORT_FILE),
    )


def _portable_parent(run_dir: str, name: str) -> str:
    """Returns the default parent folder of the portable twins.

    A run directory whose twins are in the folder of its former name keeps it for one more release:
    servers read from there, and a rollback needs the twins of earlier versions.
    """
    former = os.path.join(run_dir, _FORMER_PORTABLE_FOLDER)
    # A compiled pipeline has a remote root, which must not be read when it is compiled.
    if not files.is_remote(run_dir) and files.exists(os.path.join(former, name)):
        return former
    return os.path.join(run_dir, "serving_portable")
