"""`twotower compile`: writes the pipeline as KFP v2 IR for Vertex AI Pipelines."""

from pipeline.console import Console
from pipeline.runners.vertex import compile_ir
from schemas.settings import Settings


def compile_command(
    settings: Settings, path: str | None, pipeline_root: str, image: str, console: Console
) -> None:
    """Compiles the pipeline and prints the path of the file.

    Args:
      settings: Validated settings; relative paths in them are resolved in the container.
      path: The JSON file to write; by default the name of the configuration with suffix ".json".
      pipeline_root: Remote folder for artifacts.
      image: Container image in which this project is installed.
      console: Receives the path.
    """
    path = path or f"{settings.name}.json"
    compile_ir(settings, path, pipeline_root, image)
    console.result.write(f"{path}\n")
