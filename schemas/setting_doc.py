"""Documentation of a configuration key, attached to its field.

`docs/configuration.md` is generated from it (`make docs`), together with the type, the range and
the default that the field itself states.
"""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Doc:
    """The documentation of one key, as metadata of an `Annotated` field.

    Attributes:
      text: What the key decides, in one or two sentences.
      example: A valid value, as YAML would hold it.
      unit: Unit of the value, e.g. "seconds"; "" where it has none.
      default: Describes the default where the field's own value does not show it, e.g. because the
        recipe chooses it.
    """

    text: str
    example: Any
    unit: str = ""
    default: str = ""


BY_RECIPE = "chosen by the recipe"
