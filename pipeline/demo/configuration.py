"""Writes the configuration of the demo log, for any folder."""

import re
from importlib import resources
from pathlib import Path

from pipeline.init.yaml_lines import text_of

CONFIGURATION, SCHEMA = "demo.yaml", "demo.pbtxt"
# The paths in the shipped configuration, relative to the repository.
_SHIPPED_PATH = re.compile(r"(?<=: )(?:data/demo|schemas)/(\S+)$", re.MULTILINE)


def write_configuration(directory: Path) -> Path:
    """Writes the configuration and the schema of the demo log next to its files.

    Args:
      directory: The folder of the demo log.

    Returns:
      The path of the configuration, `directory`/demo.yaml.
    """
    shipped = (resources.files("pipeline") / "configs" / CONFIGURATION).read_text("utf-8")
    schema = (resources.files("schemas") / SCHEMA).read_text("utf-8")
    path = directory / CONFIGURATION
    path.write_text(configuration_of(shipped, directory), encoding="utf-8")
    (directory / SCHEMA).write_text(schema, encoding="utf-8")
    return path


def configuration_of(shipped: str, directory: Path) -> str:
    """Returns the shipped configuration with the paths of another folder.

    >>> print(configuration_of("path: data/demo/items.csv", Path("my demo")))
    path: "my demo/items.csv"
    """
    return _SHIPPED_PATH.sub(lambda match: text_of(str(directory / match[1])), shipped)
