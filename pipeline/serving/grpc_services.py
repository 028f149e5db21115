"""The gRPC interface: TF Serving's PredictionService and ModelService."""

import logging
import time
from collections.abc import Awaitable
from typing import Any, NoReturn, TypeVar

import grpc
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    inference_pb2,
    model_management_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
    regression_pb2,
)

from pipeline.serving.grpc_values import array, model_spec, set_version, tensor_proto
from pipeline.serving.limits import Limits
from pipeline.serving.metrics import Metrics
from pipeline.serving.other_methods import refusal
from pipeline.serving.predictor import Predictor
from pipeline.serving.request_error import Code, RequestError, invalid
from pipeline.serving.signature import Arrays, Signature, check_names, unknown_signature

_LOGGER = logging.getLogger(__name__)
_SIGNATURE_DEF = "signature_def"
# A client accepts 8 KB of headers, and each character may take 12 bytes there.
_MAX_MESSAGE = 600

T = TypeVar("T")


class _Recorder:
    """Awaits the answers of calls, and records the calls."""

    def __init__(self, metrics: Metrics) -> None:
        """Takes the metrics to record."""
        self._metrics = metrics

    async def answer(self, method: str, context: Any, work: Awaitable[T]) -> T:
        """Returns the answer to a call, or ends the call with the status of its error."""
        started = time.perf_counter()
        code, message = Code.CANCELLED, ""
        try:
            answer = await work
            code = Code.OK
            return answer
        except RequestError as error:
            code, message = error.code, error.message
        except Exception:
            _LOGGER.exception("%s", method)
            code, message = Code.INTERNAL, "internal error; the server printed the details"
        finally:
            seconds = time.perf_counter() - started
            self._metrics.observe_request("grpc", method, code.name, seconds)
        await context.abort(code, message[:_MAX_MESSAGE])
        raise AssertionError("abort raises an error")


class PredictionService(prediction_service_pb2_grpc.PredictionServiceServicer):
    """Predict and GetModelMetadata; the other methods answer that the model has no signature."""

    def __init__(self, predictor: Predictor, metrics: Metrics) -> None:
        """Takes what answers predict requests, and the metrics to record."""
        self._predictor = predictor
        self._recorder = _Recorder(metrics)

    async def Predict(self, request: Any, context: Any) -> predict_pb2.PredictResponse:  # noqa: N802
        """Calls a signature."""
        return await self._recorder.answer("predict", context, self._predict(request))

    async def GetModelMetadata(  # noqa: N802
        self, request: Any, context: Any
    ) -> get_model_metadata_pb2.GetModelMetadataResponse:
        """Returns the signatures of a version."""
        return await self._recorder.answer("metadata", context, self._metadata(request))

    async def Classify(  # noqa: N802
        self, request: Any, context: Any
    ) -> classification_pb2.ClassificationResponse:
        """Refuses, because no signature classifies."""
        work = self._refuse(request, "tensorflow/serving/classify")
        return await self._recorder.answer("classify", context, work)

    async def Regress(  # noqa: N802
        self, request: Any, context: Any
    ) -> regression_pb2.RegressionResponse:
        """Refuses, because no signature is a regression."""
        work = self._refuse(request, "tensorflow/serving/regress")
        return await self._recorder.answer("regress", context, work)

    async def MultiInference(  # noqa: N802
        self, request: Any, context: Any
    ) -> inference_pb2.MultiInferenceResponse:
        """Refuses the first task, which no signature can do."""
        task = request.tasks[0] if request.tasks else inference_pb2.InferenceTask()
        work = self._refuse(task, task.method_name)
        return await self._recorder.answer("multi_inference", context, work)

    async def _refuse(self, request: Any, method_name: str) -> NoReturn:
        servable = self._predictor.manager.find(model_spec(request.model_spec))
        raise refusal(servable, method_name, request.model_spec.signature_name)

    async def _predict(self, request: Any) -> predict_pb2.PredictResponse:
        spec = model_spec(request.model_spec)
        limits = self._predictor.limits
        prediction = await self._predictor.predict(
            spec,
            request.model_spec.signature_name,
            lambda signature: _inputs(request, signature, limits),
            unknown_signature,
            list(request.output_filter),
        )
        response = predict_pb2.PredictResponse()
        set_version(response.model_spec, spec.name, prediction.version)
        response.model_spec.signature_name = prediction.signature
        for name, values in prediction.outputs.items():
            response.outputs[name].CopyFrom(tensor_proto(values))
        return response

    async def _metadata(self, request: Any) -> get_model_metadata_pb2.GetModelMetadataResponse:
        if not request.HasField("model_spec"):
            raise invalid("Missing ModelSpec")
        if not request.metadata_field:
            raise invalid("GetModelMetadataRequest must specify at least one metadata_field")
        for field in request.metadata_field:
            if field != _SIGNATURE_DEF:
                raise invalid(f"Metadata field {field} is not supported")
        servable = self._predictor.manager.find(model_spec(request.model_spec))
        definitions = get_model_metadata_pb2.SignatureDefMap()
        for name, definition in servable.definitions.items():
            definitions.signature_def[name].CopyFrom(definition)
        response = get_model_metadata_pb2.GetModelMetadataResponse()
        set_version(response.model_spec, self._predictor.manager.name, servable.version)
        response.metadata[_SIGNATURE_DEF].Pack(definitions)
        return response


class ModelService(model_service_pb2_grpc.ModelServiceServicer):
    """GetModelStatus."""

    def __init__(self, predictor: Predictor, metrics: Metrics) -> None:
        """Takes the predictor, which has the versions, and the metrics to record."""
        self._manager = predictor.manager
        self._recorder = _Recorder(metrics)

    async def GetModelStatus(  # noqa: N802
        self, request: Any, context: Any
    ) -> get_model_status_pb2.GetModelStatusResponse:
        """Returns the states of versions."""
        return await self._recorder.answer("status", context, self._status(request))

    async def HandleReloadConfigRequest(  # noqa: N802
        self, request: Any, context: Any
    ) -> model_management_pb2.ReloadConfigResponse:
        """Refuses: the versions and labels on disk decide what is served."""
        return await self._recorder.answer("reload", context, self._reload())

    async def _status(self, request: Any) -> get_model_status_pb2.GetModelStatusResponse:
        if not request.HasField("model_spec"):
            raise invalid("Missing ModelSpec")
        statuses = self._manager.statuses_of(model_spec(request.model_spec))
        response = get_model_status_pb2.GetModelStatusResponse()
        for version, status in sorted(statuses.items(), reverse=True):
            added = response.model_version_status.add(version=version, state=status.state.value)
            added.status.error_code = Code.UNKNOWN.value[0] if status.error else 0
            added.status.error_message = status.error
        return response

    async def _reload(self) -> model_management_pb2.ReloadConfigResponse:
        raise RequestError(
            Code.UNIMPLEMENTED,
            "this development server takes versions and labels from disk: change models.config in "
            "the folder of versions",
        )


def add_services(server: grpc.aio.Server, predictor: Predictor, metrics: Metrics) -> None:
    """Adds both services to a server."""
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(
        PredictionService(predictor, metrics), server
    )
    model_service_pb2_grpc.add_ModelServiceServicer_to_server(
        ModelService(predictor, metrics), server
    )


def _inputs(request: Any, signature: Signature, limits: Limits) -> Arrays:
    """Returns the inputs of a request, whose sizes are checked before memory is reserved."""
    check_names(signature, request.inputs)
    return {
        name: array(name, request.inputs[name], info, limits)
        for name, info in signature.inputs.items()
    }
