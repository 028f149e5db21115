"""Calls a model that is loaded in this process, in the place of a server."""

from collections.abc import Mapping

from pipeline.serving.client.address import Address
from pipeline.serving.client.errors import serving_error
from pipeline.serving.client.signature import Arrays, Metadata, Signature, as_texts
from pipeline.serving.client.tensor_protos import tensor_info
from pipeline.serving.request_error import RequestError
from pipeline.serving.servable import Servable
from pipeline.serving.version_status import State, VersionStatus


class LocalTransport:
    """The transport of a client of a loaded version.

    `predict` is called in any thread, while the version is in use (`Servable.use`).

    Attributes:
      address: The name and the version of the model, for messages.
    """

    def __init__(self, name: str, servable: Servable) -> None:
        """Reads the signatures.

        Args:
          name: Name of the model.
          servable: The loaded version.
        """
        self.address = Address("local", "", name, servable.version)
        self._servable = servable
        self._metadata = Metadata(
            servable.version,
            {
                key: Signature(
                    {name: tensor_info(definition.inputs[name]) for name in definition.inputs},
                    {name: tensor_info(definition.outputs[name]) for name in definition.outputs},
                )
                for key, definition in servable.definitions.items()
                if definition.inputs
            },
        )

    def predict(self, name: str, signature: Signature, inputs: Arrays, timeout_s: float) -> Arrays:
        """Returns the outputs of a signature, texts as str; `inputs` have texts as bytes.

        Raises:
          ServingError: The model does not accept the values.
        """
        try:
            outputs = self._servable.run(name, inputs)
        except RequestError as error:
            raise serving_error(error.code, error.message, str(self.address)) from error
        return {
            key: as_texts(values) if values.dtype == object else values
            for key, values in outputs.items()
        }

    def metadata(self, timeout_s: float) -> Metadata:
        """Returns the signatures of the version."""
        return self._metadata

    def status(self, timeout_s: float) -> Mapping[int, VersionStatus]:
        """Returns the status of the version."""
        return {self._servable.version: VersionStatus(State.AVAILABLE)}

    def close(self) -> None:
        """Closes nothing: the owner of the version closes it."""
