"""Answers predict requests of both interfaces."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from pipeline.serving.batching import Batcher
from pipeline.serving.limits import Limits
from pipeline.serving.request_error import RequestError
from pipeline.serving.signature import (
    Arrays,
    Signature,
    check_inputs,
    selected_outputs,
)
from pipeline.serving.traffic_log import TrafficLog
from pipeline.serving.traffic_record import AnsweredRequest
from pipeline.serving.version_manager import ModelSpec, VersionManager
from schemas import traffic
from schemas.serving import DEFAULT


@dataclass(frozen=True)
class Prediction:
    """The answer to a predict request.

    Attributes:
      outputs: Outputs by name.
      signature: Name of the signature that was called.
      version: The version that answered.
    """

    outputs: Arrays
    signature: str
    version: int


class Predictor:
    """Answers predict requests with the versions of a model."""

    def __init__(
        self,
        manager: VersionManager,
        batcher: Batcher,
        limits: Limits,
        log: TrafficLog | None = None,
    ) -> None:
        """Connects the parts.

        Args:
          manager: The versions.
          batcher: The threads that run them.
          limits: The limits of requests.
          log: Receives the requests that recommend to users, and their answers.
        """
        self.manager = manager
        self.limits = limits
        self._batcher = batcher
        self._log = log

    async def predict(
        self,
        spec: ModelSpec,
        signature_name: str,
        read_inputs: Callable[[Signature], Arrays],
        unknown_signature: Callable[[str], RequestError],
        output_filter: list[str] | None = None,
    ) -> Prediction:
        """Answers one request; its version stays loaded until then.

        Args:
          spec: The model and version.
          signature_name: The signature, "" for the default.
          read_inputs: Returns the inputs of the request, given the signature.
          unknown_signature: Returns the error for a signature that does not exist.
          output_filter: Names of the outputs to return; all by default.

        Raises:
          RequestError: The request cannot be answered.
        """
        name = signature_name or DEFAULT
        with self.manager.use(spec) as servable:
            if name not in servable.signatures:
                raise unknown_signature(name)
            signature = servable.signatures[name]
            inputs = read_inputs(signature)
            check_inputs(signature, inputs)
            self.limits.check(inputs)
            selected = selected_outputs(signature, output_filter or [])
            outputs = await self._batcher.run(servable, signature, inputs)
            if self._log is not None and name in traffic.SIGNATURES:
                self._log.add(
                    AnsweredRequest(
                        self.manager.name,
                        servable.version,
                        servable.path,
                        spec.label or "",
                        name,
                        time.time_ns() // 1_000_000,
                        inputs,
                        outputs,
                    )
                )
            return Prediction(
                {output: outputs[output] for output in selected}, name, servable.version
            )
