"""What the client needs of a protocol."""

from collections.abc import Mapping
from typing import Protocol

from pipeline.serving.client.address import Address
from pipeline.serving.client.signature import Arrays, Metadata, Signature
from pipeline.serving.version_status import VersionStatus


class Transport(Protocol):
    """Sends one attempt of a request to a served model.

    Every method takes the time that is left, in seconds, and raises a `ServingError` if there is no
    answer.

    Attributes:
      address: The address of the model.
    """

    address: Address

    def predict(self, name: str, signature: Signature, inputs: Arrays, timeout_s: float) -> Arrays:
        """Returns the outputs of a signature, texts as str; `inputs` have texts as bytes."""

    def metadata(self, timeout_s: float) -> Metadata:
        """Returns the signatures of the version that answers."""

    def status(self, timeout_s: float) -> Mapping[int, VersionStatus]:
        """Returns the status of each version."""

    def close(self) -> None:
        """Closes the connections."""
