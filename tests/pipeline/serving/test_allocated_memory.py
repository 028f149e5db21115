import threading

import numpy as np
import numpy.typing as npt

from benchmarks.serving.process_memory import resident_mb
from pipeline.serving.allocated_memory import allocated_bytes, free_memory

NUM_BLOCKS = 40_000
# Not so large that each block is mapped by itself.
BLOCK_BYTES = 4_000
TOTAL_BYTES = NUM_BLOCKS * BLOCK_BYTES


def allocated() -> int:
    found = allocated_bytes()
    assert found is not None, "this test needs glibc 2.33"
    return found


def test_free_memory_between_blocks_is_not_in_use() -> None:
    blocks: list[npt.NDArray[np.uint8] | None] = []

    def allocate() -> None:
        # In a thread, because each one has an arena of its own.
        blocks.extend(np.ones(BLOCK_BYTES, np.uint8) for _ in range(NUM_BLOCKS))

    before = allocated()
    thread = threading.Thread(target=allocate)
    thread.start()
    thread.join()
    assert 0.9 * TOTAL_BYTES < allocated() - before < 1.3 * TOTAL_BYTES

    # Memory that other tests have freed must not be counted.
    free_memory()
    resident = resident_mb()
    # No page becomes free as a whole.
    blocks[::2] = [None] * len(blocks[::2])
    free_memory()
    assert allocated() - before < 0.7 * TOTAL_BYTES
    assert resident_mb() > resident - 0.2 * TOTAL_BYTES / 2**20

    blocks.clear()
    free_memory()
    assert allocated() - before < 0.1 * TOTAL_BYTES
    assert resident_mb() < resident - 0.8 * TOTAL_BYTES / 2**20
