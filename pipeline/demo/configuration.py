"""Writes the configuration of the demo log, for any folder."""

import re
from importlib import resources
from pathlib import Path

from pipeline.init.yaml_lines import text_of

CONFIGURATION, SCHEMA = "demo.yaml", "demo.pbtxt"
# The paths in the shipped configuration, relative to the repository.
_SHIPPED_PATH = re.compile(r"(?<=: )(?:data/demo|schemas)/(\S+)$", re.MULTILINE)


def write_configuration(directory: Path, force: bool = False) -> Path:
    """Writes the configuration and the schema of the demo log next to its files.

    Args:
      directory: The folder of the demo log.
      force: Whether files with other contents, such as edited ones, are overwritten.

    Returns:
      The path of the configuration, `directory`/demo.yaml.

    Raises:
      FileExistsError: A file has other contents, and `force` is false.
    """
    shipped = (resources.files("pipeline") / "configs" / CONFIGURATION).read_text("utf-8")
    schema = (resources.files("schemas") / SCHEMA).read_text("utf-8")
    texts = {CONFIGURATION: configuration_of(shipped, directory), SCHEMA: schema}
    for name, text in texts.items():
        path = directory / name
        if not force and path.exists() and path.read_bytes() != text.encode():
            raise FileExistsError(
                f"{path} exists and differs from the one of this release; give --force to "
                "overwrite it"
            )
    for name, text in texts.items():
        (directory / name).write_text(text, encoding="utf-8")
    return directory / CONFIGURATION


def configuration_of(shipped: str, directory: Path) -> str:
    """Returns the shipped configuration with the paths of another folder.

    >>> print(configuration_of("path: data/demo/items.csv", Path("my demo")))
    path: "my demo/items.csv"
    """
    return _SHIPPED_PATH.sub(lambda match: text_of(str(directory / match[1])), shipped)
