"""The programs that the ranking benchmark compares, and the measurement of one of them."""

import resource
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from components.evaluator.history import SeenItems
from components.evaluator.queries import Queries

SEED = 0
NUM_CHECKED = 200
TOP_K = 10
_BYTES_PER_MAXRSS = 1024  # Linux reports kilobytes

NUMPY, TENSORFLOW = "matmul only, NumPy", "matmul only, TensorFlow"
NAIVE, TWOTOWER = "naive: tf.math.top_k, NumPy counts", "twotower"


@dataclass(frozen=True)
class RankingSizes:
    """The sizes of a ranking problem.

    Attributes:
      queries: Number of queries; each has one relevant item.
      candidates: Number of candidates.
      dim: Embedding size.
      seen: Number of seen items per query, which are excluded from its ranking.
      chunk: Number of queries that are scored at a time.
    """

    queries: int
    candidates: int
    dim: int
    seen: int
    chunk: int


@dataclass(frozen=True)
class RankingMeasurement:
    """The times, memory and correctness of one program.

    Attributes:
      wall_s: Seconds of each repetition.
      cpu_s: CPU seconds of each repetition, over all threads.
      peak_rss_bytes: Peak memory of the process.
      added_rss_bytes: The part of the peak that ranking adds to the vectors and imported modules.
      same_ranks: Whether the checked ranks and lists equal those of a full sort; None for a program
        that does not rank.
    """

    wall_s: list[float]
    cpu_s: list[float]
    peak_rss_bytes: int
    added_rss_bytes: int
    same_ranks: bool | None


@dataclass(frozen=True)
class RankingInputs:
    """A ranking problem.

    Attributes:
      vectors: [num_queries, dim] float32, query embeddings.
      candidates: [num_candidates, dim] float32, candidate embeddings.
      queries: The relevant item and the seen items of each query.
    """

    vectors: npt.NDArray[np.float32]
    candidates: npt.NDArray[np.float32]
    queries: Queries

    @classmethod
    def generate(cls, sizes: RankingSizes) -> "RankingInputs":
        """Returns random inputs, the same for the same sizes."""
        rng = np.random.default_rng(SEED)
        vectors = rng.normal(size=(sizes.queries, sizes.dim)).astype(np.float32)
        candidates = rng.normal(size=(sizes.candidates, sizes.dim)).astype(np.float32)
        item = rng.integers(sizes.candidates, size=sizes.queries)
        seen = rng.integers(sizes.candidates - 1, size=(sizes.queries, sizes.seen))
        seen += seen >= item[:, np.newaxis]  # the relevant item is never seen
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
        """Returns slices of at most `size` queries that cover all queries."""
        starts = range(0, len(self.queries), size)
        return [slice(start, min(start + size, len(self.queries))) for start in starts]


# Ranks [num_queries] int64 of the relevant items and top lists [num_queries, TOP_K] of candidates.
Ranked = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]] | None
Program = Callable[[RankingInputs, int], Ranked]


def measure(name: str, sizes: RankingSizes, repetitions: int) -> RankingMeasurement:
    """Runs one program in this process, which should be a fresh one, and measures it.

    Args:
      name: A key of `PROGRAMS`.
      sizes: The ranking problem.
      repetitions: Number of runs.
    """
    program, inputs = PROGRAMS[name], RankingInputs.generate(sizes)
    # A single query imports and initialises the libraries and needs almost no memory.
    program(RankingInputs.generate(replace(sizes, queries=1)), 1)
    before = _peak_rss_bytes()
    wall_s, cpu_s = [], []
    for _ in range(repetitions):
        begin_s, begin_cpu_s = time.perf_counter(), time.process_time()
        ranked = program(inputs, sizes.chunk)
        wall_s.append(time.perf_counter() - begin_s)
        cpu_s.append(time.process_time() - begin_cpu_s)
    peak = _peak_rss_bytes()
    same = None if ranked is None else is_correct(inputs, *ranked)
    return RankingMeasurement(wall_s, cpu_s, peak, peak - before, same)


def _numpy(inputs: RankingInputs, chunk: int) -> Ranked:
    candidates = np.ascontiguousarray(inputs.candidates.T)
    scores = np.empty((chunk, len(inputs.candidates)), np.float32)
    for rows in inputs.chunks(chunk):
        vectors = inputs.vectors[rows]
        np.matmul(vectors, candidates, out=scores[: len(vectors)])
    return None


def _tensorflow(inputs: RankingInputs, chunk: int) -> Ranked:
    import tensorflow as tf

    candidates = tf.constant(inputs.candidates.T)
    for rows in inputs.chunks(chunk):
        np.asarray(tf.linalg.matmul(inputs.vectors[rows], candidates))
    return None


def _naive(inputs: RankingInputs, chunk: int) -> Ranked:
    import tensorflow as tf

    candidates = tf.constant(inputs.candidates.T)
    ranks, top = [], []
    for rows in inputs.chunks(chunk):
        scores = np.array(tf.linalg.matmul(inputs.vectors[rows], candidates))
        scores[inputs.queries.seen.pairs(rows)] = -np.inf
        true_score = scores[np.arange(len(scores)), inputs.queries.item[rows]]
        ranks.append(np.count_nonzero(scores >= true_score[:, np.newaxis], axis=1))
        top.append(tf.math.top_k(scores, TOP_K).indices.numpy())
    return np.concatenate(ranks), np.concatenate(top)


def _twotower(inputs: RankingInputs, chunk: int) -> Ranked:
    from components.evaluator.ranking import dot_product_scorer, rank_queries

    scorer = dot_product_scorer(inputs.vectors, inputs.candidates)
    ranking = rank_queries(scorer, inputs.queries, len(inputs.candidates), chunk_size=chunk)
    return ranking.ranks, ranking.top


def is_correct(
    inputs: RankingInputs, ranks: npt.NDArray[np.int64], top: npt.NDArray[np.int64]
) -> bool:
    """Whether the ranks and top lists of up to `NUM_CHECKED` queries equal those of a full sort.

    The sort has float64 scores. Two items may be exchanged if their scores differ by no more than
    the rounding error of float32.

    Args:
      inputs: The ranking problem.
      ranks: [num_queries] int64, ranks of the relevant items from 1.
      top: [num_queries, k] int64, candidates from best to worst.
    """
    checked = np.linspace(0, len(ranks) - 1, min(NUM_CHECKED, len(ranks))).astype(int)
    for query in checked:
        scores = inputs.candidates.astype(np.float64) @ inputs.vectors[query].astype(np.float64)
        tolerance = 1e-6 * np.abs(scores).max()
        rows = slice(query, query + 1)
        scores[inputs.queries.seen.pairs(rows)[1]] = -np.inf
        true_score = scores[inputs.queries.item[query]]
        min_rank = 1 + np.count_nonzero(scores > true_score + tolerance)
        max_rank = np.count_nonzero(scores >= true_score - tolerance)
        best = np.sort(scores)[::-1][: top.shape[1]]
        if not min_rank <= ranks[query] <= max_rank or not np.allclose(
            scores[top[query]], best, rtol=0, atol=tolerance
        ):
            return False
    return True


def _peak_rss_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _BYTES_PER_MAXRSS


# Each program imports its libraries when it runs, so that no process imports those of another.
PROGRAMS: dict[str, Program] = {
    NUMPY: _numpy,
    TENSORFLOW: _tensorflow,
    NAIVE: _naive,
    TWOTOWER: _twotower,
}
