import numpy as np

from benchmarks.serving.process_memory import peak_mb, reset_peak, resident_mb

SIZE_MB = 200


def test_the_peak_remembers_memory_that_was_returned() -> None:
    reset_peak()
    before = resident_mb()
    block = np.ones(SIZE_MB << 20, np.uint8)
    during = resident_mb()
    del block

    assert during - before > 0.9 * SIZE_MB
    assert resident_mb() < during - 0.5 * SIZE_MB
    assert peak_mb() > before + 0.9 * SIZE_MB
    reset_peak()
    assert peak_mb() < before + 0.5 * SIZE_MB
