"""The books of the demo world: works, series, prices, latent factors and daily popularity."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.demo.settings import DAY_MS, DemoSettings
from pipeline.demo.words import ADJECTIVES, GENRE_NOUNS

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]

GENRES: tuple[str, ...] = tuple(GENRE_NOUNS)
NOUNS_PER_GENRE = 8
NUM_FACTORS = 8

SERIES_SHARE = 0.35  # share of works that are a series; other works are one book
SERIES_LENGTH = (3, 9)  # number of parts, upper bound exclusive
PART_INTERVAL_DAYS = (15, 50)
SECOND_GENRE_SHARE = 0.4
NEW_WORK_SHARE = 0.5  # share of works whose last book is added during the log
BACKLIST_DAYS = 720  # other works are completed within so many days before the log

APPEAL_SIGMA = 2.2  # of a log-normal distribution, for a long tail of popularity
PEAK_WIDTH_DAYS = (60.0, 120.0)
POPULARITY_FLOOR = 0.2  # popularity long before and after the peak, relative to the peak
WORK_NOISE, BOOK_NOISE = 0.3, 0.15  # scale of the noise added to the sub-genre's factors


@dataclass(frozen=True)
class Catalogue:
    """The books; row i of every array describes book i.

    Attributes:
      title: Unique titles.
      genre: [num_items] int64, index into `GENRES`.
      second_genre: [num_items] int64, index into `GENRES`, or -1 without a second genre.
      work: [num_items] int64, the same number for all books of a series.
      next_part: [num_items] int64, row of the next book in the series, or -1.
      price: [num_items] float64.
      added_at_ms: [num_items] int64, milliseconds since the epoch, UTC; a book has no earlier
        events.
      factors: [num_items, NUM_FACTORS] float32 unit vectors.
      popularity: [num_days, num_items] float32, popularity on each day of the log.
    """

    title: tuple[str, ...]
    genre: Ints
    second_genre: Ints
    work: Ints
    next_part: Ints
    price: npt.NDArray[np.float64]
    added_at_ms: Ints
    factors: Floats
    popularity: Floats

    def item_id(self, item: int) -> str:
        """Returns the item id of a row."""
        return f"i{item:05d}"

    def categories(self, item: int) -> list[str]:
        """Returns the genre names of a row, the main genre first."""
        return [GENRES[g] for g in (self.genre[item], self.second_genre[item]) if g >= 0]


def build_catalogue(settings: DemoSettings) -> Catalogue:
    """Generates the books.

    Raises:
      ValueError: The word lists contain too few words for distinct titles of all works.
    """
    rng = settings.rng("catalogue")
    lengths = _work_lengths(rng, settings.num_items)
    num_works, num_items = len(lengths), settings.num_items
    genre, noun, adjective = _names(rng, num_works)

    work = np.repeat(np.arange(num_works), lengths)
    part = np.arange(num_items) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    is_last = part == lengths[work] - 1
    added_day = _added_day(rng, settings, lengths)[work] - (
        (lengths[work] - 1 - part) * rng.uniform(*PART_INTERVAL_DAYS, num_works)[work]
    )
    second = np.where(
        rng.random(num_works) < SECOND_GENRE_SHARE, rng.integers(0, len(GENRES), num_works), -1
    )
    second = np.where(second == genre, -1, second)
    centre = _unit(rng.normal(size=(len(GENRES), NOUNS_PER_GENRE, NUM_FACTORS)))
    work_factors = centre[genre, noun] + WORK_NOISE * _unit(rng.normal(size=(num_works, 8)))
    factors = _unit(work_factors[work] + BOOK_NOISE * _unit(rng.normal(size=(num_items, 8))))
    appeal = rng.lognormal(0.0, APPEAL_SIGMA, num_works)[work] * 0.9**part
    price = np.round(rng.lognormal(2.3, 0.35, num_works))[work] + 0.99

    # Rows are shuffled so that an item id does not reveal the series or the age of the book.
    order = rng.permutation(num_items)
    row_of = np.argsort(order)
    next_part = np.where(is_last, -1, row_of[np.minimum(np.arange(num_items) + 1, num_items - 1)])
    titles = [
        _title(genre[w], noun[w], adjective[w], p, lengths[w])
        for w, p in zip(work, part, strict=True)
    ]
    return Catalogue(
        title=tuple(titles[i] for i in order),
        genre=genre[work][order],
        second_genre=second[work][order],
        work=work[order],
        next_part=next_part[order],
        price=price[order],
        added_at_ms=(settings.start_ms + added_day[order] * DAY_MS).astype(np.int64),
        factors=factors[order].astype(np.float32),
        popularity=_popularity(rng, settings, appeal, added_day)[:, order],
    )


def _work_lengths(rng: np.random.Generator, num_items: int) -> Ints:
    """Returns the number of books of each work; the sum is `num_items`."""
    drawn = np.where(
        rng.random(num_items) < SERIES_SHARE, rng.integers(*SERIES_LENGTH, num_items), 1
    )
    ends = np.cumsum(drawn)
    lengths = drawn[: int(np.searchsorted(ends, num_items)) + 1]
    lengths[-1] -= lengths.sum() - num_items
    return lengths


def _names(rng: np.random.Generator, num_works: int) -> tuple[Ints, Ints, Ints]:
    """Returns a distinct (genre, noun, adjective) triple for every work."""
    shape = (len(GENRES), NOUNS_PER_GENRE, len(ADJECTIVES))
    if num_works > np.prod(shape):
        raise ValueError(
            f"{num_works} works need distinct titles, but the word lists allow {np.prod(shape)}: "
            "decrease num_items or add words to pipeline/demo/words.py"
        )
    genre_weight = np.repeat(1.0 / np.arange(2, len(GENRES) + 2), np.prod(shape[1:]))
    triples = rng.choice(
        np.prod(shape), num_works, replace=False, p=genre_weight / genre_weight.sum()
    )
    genre, noun, adjective = np.unravel_index(triples, shape)
    return genre, noun, adjective


def _title(genre: int, noun: int, adjective: int, part: int, length: int) -> str:
    name = f"The {ADJECTIVES[adjective]} {GENRE_NOUNS[GENRES[genre]][noun]}"
    return f"{name}, Part {part + 1}" if length > 1 else name


def _added_day(
    rng: np.random.Generator, settings: DemoSettings, lengths: Ints
) -> npt.NDArray[np.float64]:
    """Returns the day on which the last book of each work is added; negative before the log."""
    is_new = rng.random(len(lengths)) < NEW_WORK_SHARE
    during = rng.uniform(0, settings.num_days - 1, len(lengths))
    return np.where(is_new, during, -rng.uniform(1, BACKLIST_DAYS, len(lengths)))


def _popularity(
    rng: np.random.Generator,
    settings: DemoSettings,
    appeal: npt.NDArray[np.float64],
    added_day: npt.NDArray[np.float64],
) -> Floats:
    """Returns the popularity, which slowly rises to a peak and falls: [num_days, num_items]."""
    num_items = len(appeal)
    width = rng.uniform(*PEAK_WIDTH_DAYS, num_items)
    old_peak = rng.uniform(-60, settings.num_days + 30, num_items)
    peak = np.where(added_day > 0, added_day + rng.uniform(5, 40, num_items), old_peak)
    distance = (np.arange(settings.num_days)[:, None] - peak) / width
    bump = np.exp(-0.5 * distance**2)
    return (appeal * (POPULARITY_FLOOR + (1 - POPULARITY_FLOOR) * bump)).astype(np.float32)


def _unit(vectors: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
