"""The programs that the ranking benchmark compares, and the measurement of one in this process."""

import resource
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from components.evaluator.history import SeenItems
from components.evaluator.queries import Queries

SEED = 0
NUM_CHECKED = 200
_BYTES_PER_MAXRSS = 1024  # Linux counts kilobytes

NUMPY, TENSORFLOW = "the matmul alone, NumPy", "the matmul alone, TensorFlow"
NAIVE, OURS = "naive: tf.math.top_k, NumPy counts", "twotower"


@dataclass(frozen=True)
class Sizes:
    """What is ranked; each query has one relevant item and as many seen ones as are asked for."""

    queries: int
    candidates: int
    dim: int
    seen: int
    chunk: int


@dataclass(frozen=True)
class Measured:
    """Each repetition's seconds, and memory.

    Attributes:
      wall_s: Seconds.
      cpu_s: Seconds of all threads.
      peak_rss_bytes: The most that the process held.
      added_rss_bytes: How much of that ranking added to vectors and imports.
      same_ranks: Whether the ranks and lists of some queries are those of a full sort.
    """

    wall_s: list[float]
    cpu_s: list[float]
    peak_rss_bytes: int
    added_rss_bytes: int
    same_ranks: bool | None


@dataclass(frozen=True)
class World:
    """[num_queries, dim] and [num_candidates, dim] float32, and what is asked."""

    vectors: np.ndarray
    candidates: np.ndarray
    queries: Queries

    @classmethod
    def of(cls, sizes: Sizes) -> "World":
        """The same for the same sizes."""
        rng = np.random.default_rng(SEED)
        vectors = rng.normal(size=(sizes.queries, sizes.dim)).astype(np.float32)
        candidates = rng.normal(size=(sizes.candidates, sizes.dim)).astype(np.float32)
        item = rng.integers(sizes.candidates, size=sizes.queries)
        seen = rng.integers(sizes.candidates - 1, size=(sizes.queries, sizes.seen))
        seen += seen >= item[:, np.newaxis]  # anything but the relevant item
        zeros = np.zeros(sizes.queries, np.int64)
        start = np.arange(sizes.queries) * sizes.seen
        queries = Queries(
            split="test",
            position=zeros,
            user=np.arange(sizes.queries),
            item=item,
            offsets=np.arange(sizes.queries + 1),
            num_past_events=zeros,
            seen=SeenItems(
                item=seen.ravel(),
                start=start,
                stop=start + sizes.seen,
                tied_item=zeros[:0],
                tied_offsets=np.append(zeros, 0),
            ),
        )
        return cls(vectors, candidates, queries)

    def chunks(self, size: int) -> list[slice]:
        """The rows of the queries, so many at a time."""
        starts = range(0, len(self.queries), size)
        return [slice(start, min(start + size, len(self.queries))) for start in starts]


Ranked = tuple[np.ndarray, np.ndarray] | None  # ranks and lists of the best
Program = Callable[[World, int], Ranked]


def measure(name: str, sizes: Sizes, repetitions: int) -> Measured:
    """Runs one program; call it in a fresh process."""
    program, world = PROGRAMS[name], World.of(sizes)
    # One query imports and starts what is needed, and holds next to nothing.
    program(World.of(replace(sizes, queries=1)), 1)
    before = _peak_rss_bytes()
    wall_s, cpu_s = [], []
    for _ in range(repetitions):
        begun_s, begun_cpu_s = time.perf_counter(), time.process_time()
        ranked = program(world, sizes.chunk)
        wall_s.append(time.perf_counter() - begun_s)
        cpu_s.append(time.process_time() - begun_cpu_s)
    peak = _peak_rss_bytes()
    same = None if ranked is None else is_right(world, *ranked)
    return Measured(wall_s, cpu_s, peak, peak - before, same)


def _numpy(world: World, chunk: int) -> Ranked:
    candidates = np.ascontiguousarray(world.candidates.T)
    scores = np.empty((chunk, len(world.candidates)), np.float32)
    for rows in world.chunks(chunk):
        some = world.vectors[rows]
        np.matmul(some, candidates, out=scores[: len(some)])
    return None


def _tensorflow(world: World, chunk: int) -> Ranked:
    import tensorflow as tf

    candidates = tf.constant(world.candidates.T)
    for rows in world.chunks(chunk):
        np.asarray(tf.linalg.matmul(world.vectors[rows], candidates))
    return None


def _naive(world: World, chunk: int) -> Ranked:
    import tensorflow as tf

    candidates = tf.constant(world.candidates.T)
    ranks, best = [], []
    for rows in world.chunks(chunk):
        scores = np.array(tf.linalg.matmul(world.vectors[rows], candidates))
        scores[world.queries.seen.pairs(rows)] = -np.inf
        true_score = scores[np.arange(len(scores)), world.queries.item[rows]]
        ranks.append(np.count_nonzero(scores >= true_score[:, np.newaxis], axis=1))
        best.append(tf.math.top_k(scores, 10).indices.numpy())
    return np.concatenate(ranks), np.concatenate(best)


def _ours(world: World, chunk: int) -> Ranked:
    from components.evaluator.ranking import dot_product, rank_queries

    scorer = dot_product(world.vectors, world.candidates)
    ranking = rank_queries(scorer, world.queries, len(world.candidates), chunk_size=chunk)
    return ranking.ranks, ranking.top


def is_right(world: World, ranks: np.ndarray, top: np.ndarray) -> bool:
    """Whether some queries' ranks and lists are those of a sort in float64.

    Single precision may exchange two items whose scores are that close: an item may stand where
    its score differs from the right one by no more than rounding.
    """
    some = np.linspace(0, len(ranks) - 1, min(NUM_CHECKED, len(ranks))).astype(int)
    for query in some:
        scores = world.candidates.astype(np.float64) @ world.vectors[query].astype(np.float64)
        tolerance = 1e-6 * np.abs(scores).max()
        rows = slice(query, query + 1)
        scores[world.queries.seen.pairs(rows)[1]] = -np.inf
        true_score = scores[world.queries.item[query]]
        fewest = 1 + np.count_nonzero(scores > true_score + tolerance)
        most = np.count_nonzero(scores >= true_score - tolerance)
        best = np.sort(scores)[::-1][: top.shape[1]]
        if not fewest <= ranks[query] <= most or not np.allclose(
            scores[top[query]], best, rtol=0, atol=tolerance
        ):
            return False
    return True


def _peak_rss_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _BYTES_PER_MAXRSS


# Each imports what it needs when it runs, so that no process holds another's libraries.
PROGRAMS: dict[str, Program] = {
    NUMPY: _numpy,
    TENSORFLOW: _tensorflow,
    NAIVE: _naive,
    OURS: _ours,
}
