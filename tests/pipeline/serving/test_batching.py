import asyncio
import threading
from collections.abc import Callable
from typing import Any, cast

import numpy as np
import pytest
import tensorflow as tf

from pipeline.serving.batching import Batcher, BatchSettings
from pipeline.serving.request_error import RequestError, invalid
from pipeline.serving.servable import Servable
from pipeline.serving.signature import Arrays, Signature, TensorInfo

INFO = {"x": TensorInfo("x:0", tf.int64, (None,))}
DOUBLE = Signature("double", "tensorflow/serving/predict", INFO, INFO)


class FakeServable:
    """Doubles numbers when it is let go, and refuses the number 13."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.batches: list[list[int]] = []
        self.in_flight = 0

    def use(self) -> Any:
        return self

    def __enter__(self) -> None:
        self.in_flight += 1

    def __exit__(self, *error: object) -> None:
        self.in_flight -= 1

    def run(self, signature: str, inputs: Arrays) -> Arrays:
        assert self.go.wait(60)
        assert self.in_flight
        self.batches.append(inputs["x"].tolist())
        if 13 in inputs["x"]:
            raise invalid("13")
        return {"x": inputs["x"] * 2}


def run_all(
    settings: BatchSettings, numbers: list[list[int]], act: Callable[[], None] | None = None
) -> tuple[list[Any], list[list[int]]]:
    """Sends requests while the threads are busy; returns the answers and the batches."""
    fake = FakeServable()
    servable = cast(Servable, fake)

    async def main() -> list[Any]:
        batcher = Batcher(settings)
        calls = [
            asyncio.create_task(batcher.run(servable, DOUBLE, {"x": np.array(values)}))
            for values in numbers
        ]
        # All requests wait before the model runs.
        for _ in range(5):
            await asyncio.sleep(0)
        fake.go.set()
        answers = await asyncio.gather(*calls, return_exceptions=True)
        batcher.stop()
        return [a if isinstance(a, BaseException) else a["x"].tolist() for a in answers]

    return asyncio.run(main()), fake.batches


def test_requests_that_wait_for_the_thread_are_joined() -> None:
    numbers = [[1], [2, 3], [4], [5]]
    answers, batches = run_all(BatchSettings(threads=1), numbers)

    assert answers == [[2], [4, 6], [8], [10]]
    assert batches == [[1], [2, 3, 4, 5]] or batches == [[1, 2, 3, 4, 5]]


def test_a_batch_has_a_maximum_number_of_rows() -> None:
    answers, batches = run_all(
        BatchSettings(rows=3, threads=1), [[1], [2, 3], [4, 5], [6, 7, 8, 9]]
    )

    assert answers == [[2], [4, 6], [8, 10], [12, 14, 16, 18]]
    assert all(len(batch) <= 3 or batch == [6, 7, 8, 9] for batch in batches)


def test_one_row_per_batch_joins_nothing() -> None:
    _, batches = run_all(BatchSettings(rows=1, threads=1), [[1], [2], [3]])

    assert batches == [[1], [2], [3]]


def test_requests_wait_for_others_until_the_delay_is_over() -> None:
    _, batches = run_all(BatchSettings(threads=1, delay_us=100_000), [[1], [2], [3]])

    assert batches == [[1, 2, 3]]


def test_a_full_batch_does_not_wait() -> None:
    # The requests before the last one wait for the delay, but find their rows taken.
    answers, batches = run_all(BatchSettings(rows=2, threads=1, delay_us=1_000_000), [[1], [2]])

    assert (answers, batches) == ([[2], [4]], [[1, 2]])


def test_only_the_request_at_fault_fails() -> None:
    answers, _ = run_all(BatchSettings(threads=1, delay_us=100_000), [[1], [13], [3]])

    assert answers[0] == [2]
    assert isinstance(answers[1], RequestError)
    assert answers[2] == [6]


def test_too_many_waiting_requests_are_refused() -> None:
    answers, _ = run_all(BatchSettings(threads=1, waiting=2), [[1], [2], [3]])

    assert answers[:2] == [[2], [4]]
    assert isinstance(answers[2], RequestError)
    assert answers[2].http_status == 503


def test_an_abandoned_request_is_not_run() -> None:
    fake = FakeServable()

    async def main() -> None:
        batcher = Batcher(BatchSettings(rows=1, threads=1))
        calls = [
            asyncio.create_task(
                batcher.run(cast(Servable, fake), DOUBLE, {"x": np.array([number])})
            )
            for number in range(3)
        ]
        for _ in range(5):
            await asyncio.sleep(0)
        calls[1].cancel()
        fake.go.set()
        await asyncio.gather(*calls, return_exceptions=True)
        batcher.stop()

    asyncio.run(main())

    assert fake.batches == [[0], [2]]


def test_an_unexpected_error_reaches_every_request_of_the_batch() -> None:
    fake = FakeServable()
    fake.go.set()
    fake.run = lambda signature, inputs: 1 / 0  # type: ignore[method-assign,assignment,return-value]

    async def main() -> None:
        batcher = Batcher(BatchSettings())
        with pytest.raises(ZeroDivisionError):
            await batcher.run(cast(Servable, fake), DOUBLE, {"x": np.array([1])})
        batcher.stop()

    asyncio.run(main())
