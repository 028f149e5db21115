"""One loaded version of a model: load, warm up, run, count the requests in flight, close."""

import asyncio
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorflow.core.protobuf import meta_graph_pb2, saved_model_pb2

from components import files
from components.indexer.model.warmup import read_requests
from components.indexer.probe.served_model import ServedModel
from pipeline.paused_collector import paused_collector
from pipeline.serving.request_error import RequestError, tensorflow_errors
from pipeline.serving.signature import Arrays, Signature, check_inputs, read_signatures
from schemas import serving
from schemas.bundle import SAVED_MODEL_FILE, WARMUP_FILE
from schemas.errors import InputError

# What the TF1 loader raises for damaged files, unknown ops and other tags.
_LOAD_ERRORS = (OSError, ValueError, TypeError, KeyError, RuntimeError, tf.errors.OpError)
_SHOWN = 500


class Servable:
    """A SavedModel in a session of its own, which serves one version.

    The attributes are changed only in the event loop, `run` is called in other threads.

    Attributes:
      path: Folder of the SavedModel.
      version: Its version.
      definitions: The signature definitions by name.
      signatures: The signatures that can be called, by name.
    """

    def __init__(self, path: str, version: int) -> None:
        """Loads the SavedModel.

        Raises:
          InputError: It cannot be loaded, or a signature of pushed models is missing or cannot be
            read.
        """
        self.path = path
        self.version = version
        try:
            with paused_collector():
                self._model = ServedModel(path)
        except _LOAD_ERRORS as error:
            raise InputError(_load_failure(path, error)) from error
        self.definitions = self._model.definitions
        try:
            self.signatures = _pushed_signatures(path, self.definitions)
        except InputError:
            self._model.close()
            raise
        self._in_flight = 0
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def in_flight(self) -> int:
        """The number of requests that use this version now."""
        return self._in_flight

    @contextmanager
    def use(self) -> Iterator[None]:
        """Counts a request in flight during the block."""
        self._in_flight += 1
        self._idle.clear()
        try:
            yield
        finally:
            self._in_flight -= 1
            if not self._in_flight:
                self._idle.set()

    async def drained(self) -> None:
        """Returns when no request uses this version."""
        await self._idle.wait()

    def run(self, signature: str, inputs: Arrays) -> Arrays:
        """Calls a signature, whose inputs have been checked; returns its outputs by name.

        Raises:
          RequestError: The model does not accept the values.
        """
        with tensorflow_errors():
            return self._model(signature, inputs)

    def warm_up(self, is_stopped: Callable[[], bool] = lambda: False) -> int:
        """Replays the exported requests and returns their number, which is 0 if there are none.

        Args:
          is_stopped: Whether the rest of the requests is to be left out.

        Raises:
          InputError: A request fails, or the file is damaged.
        """
        path = os.path.join(self.path, WARMUP_FILE)
        if not files.exists(path):
            return 0
        number = 0
        try:
            for signature, inputs in read_requests(path):
                if is_stopped():
                    break
                check_inputs(self.signatures[signature], inputs)
                self.run(signature, inputs)
                number += 1
        except (*_LOAD_ERRORS, RequestError) as error:
            raise InputError(
                f"{path}: warm-up request {number} failed: {type(error).__name__}: {_short(error)}"
            ) from error
        return number

    def close(self) -> None:
        """Releases the model. No request may be in flight."""
        self._model.close()
        del self._model


def _pushed_signatures(
    path: str, definitions: Mapping[str, meta_graph_pb2.SignatureDef]
) -> dict[str, Signature]:
    """Returns the signatures that can be called, among which are all those of pushed models."""
    try:
        signatures = read_signatures(definitions)
    except InputError as error:
        raise InputError(f"{path}: {error}; push the model again") from error
    missing = [name for name in serving.SIGNATURES if name not in signatures]
    if missing:
        raise InputError(
            f"{path}: this SavedModel has no signature {', '.join(map(repr, missing))}; "
            f"expected a model that twotower pushed, with {', '.join(serving.SIGNATURES)}"
        )
    return signatures


def _load_failure(path: str, error: Exception) -> str:
    made_by = written_by(path)
    text = f"{path}: this SavedModel cannot be loaded: {_short(error)}"
    if made_by and made_by != tf.__version__:
        text += (
            f"; it was written by TensorFlow {made_by}, and this is {tf.__version__}: use the "
            "version set that wrote it, or push it again"
        )
    return text


def written_by(path: str) -> str:
    """Returns the version of TensorFlow that wrote a SavedModel, or "" if it is unreadable."""
    try:
        model = saved_model_pb2.SavedModel.FromString(
            files.read_bytes(os.path.join(path, SAVED_MODEL_FILE))
        )
    except (OSError, DecodeError):
        return ""
    return model.meta_graphs[0].meta_info_def.tensorflow_version if model.meta_graphs else ""


def _short(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text if len(text) <= _SHOWN else text[:_SHOWN] + " …"
