"""Answers requests in a few threads, and joins those that wait at the same time into batches.

Requests are joined if they call the same signature of the same version and if their lists, such as
histories, have similar lengths: their rows become the rows of one call, and shorter lists are
padded with the value for a missing one, as clients do (`serving_specs`).
"""

import asyncio
import os
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from pipeline.serving.joined_rows import join_key, join_rows, num_rows, split_rows
from pipeline.serving.request_error import Code, RequestError
from pipeline.serving.servable import Servable
from pipeline.serving.signature import Arrays, Signature


@dataclass(frozen=True)
class BatchSettings:
    """When requests are joined.

    Attributes:
      rows: Maximum number of rows of a batch; with 1, none are joined.
      delay_us: How long a request waits for others at most. With 0 it waits only for a free thread.
      threads: Number of threads that run the model, by default that of the processors.
      waiting: Maximum number of waiting requests; further ones are answered with UNAVAILABLE.
    """

    rows: int = 64
    delay_us: int = 0
    threads: int = field(default_factory=lambda: len(os.sched_getaffinity(0)))
    waiting: int = 1000


@dataclass(frozen=True)
class _Waiting:
    inputs: Arrays
    rows: int
    answer: asyncio.Future[Arrays]


class Batcher:
    """Runs requests in threads, joined where possible.

    All methods are called in one event loop.
    """

    def __init__(
        self, settings: BatchSettings, observe: Callable[[str, int], None] = lambda name, rows: None
    ) -> None:
        """Starts no thread yet.

        Args:
          settings: When requests are joined.
          observe: Receives the signature and the number of rows of each batch.
        """
        self._settings = settings
        self._observe = observe
        self._threads = ThreadPoolExecutor(settings.threads, "model")
        self._free_threads = asyncio.Semaphore(settings.threads)
        self._queues: dict[object, deque[_Waiting]] = {}
        self._num_waiting = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self, servable: Servable, signature: Signature, inputs: Arrays) -> Arrays:
        """Returns the outputs of a signature for inputs that fit it.

        Raises:
          RequestError: The model does not accept the inputs, or too many requests wait.
        """
        if self._num_waiting >= self._settings.waiting:
            raise RequestError(
                Code.UNAVAILABLE, f"{self._num_waiting} requests are waiting; try again later"
            )
        loop = asyncio.get_running_loop()
        waiting = _Waiting(inputs, num_rows(inputs), loop.create_future())
        # An object that equals nothing else is the key of a request that is not joined.
        key = join_key(signature, inputs) if self._settings.rows > 1 else None
        queue_key = (servable, signature.name, key if key is not None else object())
        self._queues.setdefault(queue_key, deque()).append(waiting)
        self._num_waiting += 1
        task = loop.create_task(self._run_next(queue_key, servable, signature))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return await waiting.answer

    def stop(self) -> None:
        """Ends the threads after their current work."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    async def _run_next(self, key: object, servable: Servable, signature: Signature) -> None:
        """Runs the next batch of a queue; there is one such task for each request of the queue."""
        if self._settings.delay_us and not self._is_full(key):
            await asyncio.sleep(self._settings.delay_us / 1e6)
        async with self._free_threads:
            batch = self._take(key)
            if batch:
                self._observe(signature.name, sum(waiting.rows for waiting in batch))
                # A client may leave before its answer, but the version must stay loaded.
                with servable.use():
                    await self._answer(servable, signature, batch)

    def _is_full(self, key: object) -> bool:
        return sum(waiting.rows for waiting in self._queues.get(key, ())) >= self._settings.rows

    def _take(self, key: object) -> list[_Waiting]:
        """Takes the requests of the next batch from a queue, without those that were abandoned."""
        queue = self._queues.get(key, deque())
        batch: list[_Waiting] = []
        rows = 0
        while queue and (not batch or rows + queue[0].rows <= self._settings.rows):
            waiting = queue.popleft()
            self._num_waiting -= 1
            if not waiting.answer.done():
                batch.append(waiting)
                rows += waiting.rows
        if not queue:
            self._queues.pop(key, None)
        return batch

    async def _answer(
        self, servable: Servable, signature: Signature, batch: Sequence[_Waiting]
    ) -> None:
        """Runs a batch; if it fails, runs each request alone, of which one may be at fault."""
        loop = asyncio.get_running_loop()
        try:
            answers = await loop.run_in_executor(
                self._threads, _run, servable, signature, [waiting.inputs for waiting in batch]
            )
        except RequestError as error:
            if len(batch) > 1:
                for waiting in batch:
                    await self._answer(servable, signature, [waiting])
            elif not batch[0].answer.done():
                batch[0].answer.set_exception(error)
            return
        except Exception as error:
            for waiting in batch:
                if not waiting.answer.done():
                    waiting.answer.set_exception(error)
            raise
        for waiting, answer in zip(batch, answers, strict=True):
            if not waiting.answer.done():
                waiting.answer.set_result(answer)


def _run(servable: Servable, signature: Signature, requests: list[Arrays]) -> list[Arrays]:
    if len(requests) == 1:
        return [servable.run(signature.name, requests[0])]
    outputs = servable.run(signature.name, join_rows(signature, requests))
    return split_rows(signature, outputs, requests)
