"""TF Serving's gRPC services."""

from collections.abc import Callable, Mapping
from typing import Any

import grpc

from pipeline.serving.client import messages
from pipeline.serving.client.address import Address
from pipeline.serving.client.errors import no_answer, serving_error, unexpected
from pipeline.serving.client.signature import Arrays, Metadata, Signature
from pipeline.serving.client.tensor_protos import array_of, tensor_info, tensor_proto
from pipeline.serving.version_status import State, VersionStatus

_SERVICES = "/tensorflow.serving."
_SIGNATURE_DEF = "signature_def"
_OPTIONS = [
    # The client repeats attempts itself, and says how many.
    ("grpc.enable_retries", 0),
    ("grpc.max_receive_message_length", -1),
    # By default, a channel waits for a second before it connects again, and all attempts of a
    # request may fail meanwhile.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 2000),
]


class GrpcTransport:
    """PredictionService and ModelService.

    Attributes:
      address: The address of the model.
    """

    def __init__(self, address: Address, channel: grpc.Channel | None = None) -> None:
        """Connects at the first request.

        Args:
          address: The address of the model.
          channel: A channel to its server, for example with TLS; by default an insecure one.
        """
        self.address = address
        self._channel = channel or grpc.insecure_channel(address.server, _OPTIONS)
        self._predict = self._method(
            "PredictionService/Predict", messages.PredictRequest, messages.PredictResponse
        )
        self._metadata = self._method(
            "PredictionService/GetModelMetadata",
            messages.GetModelMetadataRequest,
            messages.GetModelMetadataResponse,
        )
        self._status = self._method(
            "ModelService/GetModelStatus",
            messages.GetModelStatusRequest,
            messages.GetModelStatusResponse,
        )

    def predict(self, name: str, signature: Signature, inputs: Arrays, timeout_s: float) -> Arrays:
        """Returns the outputs of a signature, texts as str; `inputs` have texts as bytes."""
        request = messages.PredictRequest()
        self._set_model(request)
        request.model_spec.signature_name = name
        for key, values in inputs.items():
            request.inputs[key].CopyFrom(tensor_proto(values, signature.inputs[key].dtype))
        response = self._send(self._predict, request, timeout_s)
        try:
            return {key: array_of(response.outputs[key]) for key in sorted(response.outputs)}
        except ValueError as error:
            raise unexpected(f"damaged outputs: {error}", str(self.address)) from error

    def metadata(self, timeout_s: float) -> Metadata:
        """Returns the signatures of the version that answers."""
        request = messages.GetModelMetadataRequest(metadata_field=[_SIGNATURE_DEF])
        self._set_model(request)
        response = self._send(self._metadata, request, timeout_s)
        definitions = messages.SignatureDefMap.FromString(response.metadata[_SIGNATURE_DEF].value)
        try:
            signatures = {
                name: Signature(_infos(definition.inputs), _infos(definition.outputs))
                for name, definition in sorted(definitions.signature_def.items())
                if definition.inputs
            }
        except ValueError as error:
            raise unexpected(f"unknown metadata: {error}", str(self.address)) from error
        return Metadata(response.model_spec.version.value, signatures)

    def status(self, timeout_s: float) -> Mapping[int, VersionStatus]:
        """Returns the status of each version."""
        request = messages.GetModelStatusRequest()
        self._set_model(request)
        response = self._send(self._status, request, timeout_s)
        try:
            return {
                version.version: VersionStatus(State(version.state), version.status.error_message)
                for version in response.model_version_status
            }
        except ValueError as error:
            raise unexpected(f"unknown status: {error}", str(self.address)) from error

    def close(self) -> None:
        """Closes the channel."""
        self._channel.close()

    def _method(self, path: str, request: Any, response: Any) -> Callable[..., Any]:
        method: Callable[..., Any] = self._channel.unary_unary(
            _SERVICES + path,
            request_serializer=request.SerializeToString,
            response_deserializer=response.FromString,
        )
        return method

    def _set_model(self, request: Any) -> None:
        spec = request.model_spec
        spec.name = self.address.model
        if self.address.version is not None:
            spec.version.value = self.address.version
        elif self.address.label is not None:
            spec.version_label = self.address.label

    def _send(self, method: Callable[..., Any], request: Any, timeout_s: float) -> Any:
        try:
            return method(request, timeout=timeout_s)
        except grpc.RpcError as error:
            address = str(self.address)
            code = error.code()
            if code is grpc.StatusCode.DEADLINE_EXCEEDED:
                raise no_answer(timeout_s, address) from error
            is_retriable = code is grpc.StatusCode.UNAVAILABLE
            raise serving_error(
                code, error.details() or "no details", address, is_retriable=is_retriable
            ) from error


def _infos(protos: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tensor_info(protos[name]) for name in sorted(protos)}
