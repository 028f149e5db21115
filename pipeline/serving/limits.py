"""Limits of requests."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

from pipeline.serving.request_error import invalid
from pipeline.serving.signature import Arrays
from schemas import serving
from schemas.errors import InputError


@dataclass(frozen=True)
class Limits:
    """The largest requests that are answered.

    Attributes:
      body_bytes: Size of the body of a request.
      body_seconds: Time in which the head of a REST request must arrive, and then its body.
      rows: Rows of a request.
      list_length: Length of a history, and of a list of items to exclude or of filter values.
      k: Items per row. The model has a limit of its own, `index.max_k`, and cuts longer lists.
    """

    body_bytes: int = 4 * 1024 * 1024
    body_seconds: int = 60
    rows: int = 512
    list_length: int = 5000
    k: int = 1000

    def check_shape(self, name: str, shape: Sequence[int]) -> None:
        """Checks the shape of an input.

        Raises:
          RequestError: It has too many rows or too long lists.
        """
        if shape and shape[0] > self.rows:
            raise invalid(f"{name}: {shape[0]} rows, but this server accepts {self.rows} (rows)")
        if len(shape) > 1 and max(shape[1:]) > self.list_length:
            raise invalid(
                f"{name}: lists of {max(shape[1:])} values, but this server accepts "
                f"{self.list_length} (list_length)"
            )

    def check(self, inputs: Arrays) -> None:
        """Checks the inputs of a request.

        Raises:
          RequestError: They exceed a limit.
        """
        for name, values in inputs.items():
            self.check_shape(name, values.shape)
        k = inputs.get(serving.K)
        if k is not None and k.size and k.max() > self.k:
            raise invalid(f"k: {k.max()} items, but this server accepts {self.k} (k)")


def limits_from(texts: Sequence[str]) -> Limits:
    """Returns the default limits with those of `NAME=VALUE` texts.

    >>> limits_from(["k=50"]).k
    50

    Raises:
      InputError: There is no such limit, or its value is not a positive integer.
    """
    names = [limit.name for limit in fields(Limits)]
    values = {}
    for text in texts:
        name, _, value = text.partition("=")
        if name not in names:
            raise InputError(f"--limit {text}: no such limit; expected one of {', '.join(names)}")
        if not value.isascii() or not value.isdigit() or int(value) < 1:
            raise InputError(f"--limit {text}: expected {name}=N with a positive integer N")
        values[name] = int(value)
    return replace(Limits(), **values)
