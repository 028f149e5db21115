"""What `twotower run` and `twotower reindex` print at the end."""

from components.run_reporter.summary import render_summary
from pipeline.commands.sample_recommendations import render_samples
from pipeline.config.documentation import error_text
from pipeline.console import Console
from pipeline.exit_codes import ExitCode
from pipeline.runners.local import RunOutcome
from pipeline.runners.read_record import read_json_file
from pipeline.tensorboard_command import tensorboard_command
from schemas.settings import Settings
from schemas.steps import CATALOGUE_EXAMPLE_GEN


def write_outcome(
    outcome: RunOutcome, settings: Settings, windows_output: tuple[str, str], console: Console
) -> None:
    """Prints the summary of a run, sample recommendations of a pushed model, and the error, if any.

    Args:
      outcome: The outcome of the run.
      settings: Settings of the run.
      windows_output: Component and output key of the raw windows in this run.
      console: Receives the summary and the samples as results, the error as progress.
    """
    paths = outcome.paths
    record = read_json_file(paths.run_record)
    console.result.write(render_summary(read_json_file(paths.metrics), record) + "\n")
    if command := tensorboard_command(paths.run_dir, record):
        console.result.write(f"Training: {command}\n")
    if outcome.code is ExitCode.PUSHED:
        console.result.write(_samples(outcome, settings, windows_output))
    if outcome.error:
        console.progress.write(error_text(outcome.error))
        console.progress.write(f"The full log is in {paths.log}\n")


def _samples(outcome: RunOutcome, settings: Settings, windows_output: tuple[str, str]) -> str:
    windows = outcome.output_uri(*windows_output)
    catalogue = outcome.output_uri(CATALOGUE_EXAMPLE_GEN, "examples")
    if windows is None or catalogue is None:
        raise RuntimeError("the run pushed a model, but its metadata contains no examples")
    return render_samples(outcome.paths.serving_dir, windows, catalogue, settings)
