"""The demo world: everything that the choice model knows, computed once from the settings."""

from dataclasses import dataclass

import numpy as np

from pipeline.demo.catalogue import GENRES, Catalogue, Floats, Ints, build_catalogue
from pipeline.demo.readers import DEVICES, Readers, build_readers
from pipeline.demo.settings import WorldSettings

LATENT_SCALE = 0.8  # weight of the factors in log-taste
SECOND_GENRE_WEIGHT = 0.3  # of a book's second genre beside its first
DEVICE_SIGMA = 0.7  # log-factor of a device on a genre
NUM_NEIGHBOURS = 8
NEIGHBOUR_DECAY = 0.8  # weight of a neighbour against the next nearer one
SAME_GENRE_BONUS = 0.5  # added to the cosine between two books of one genre


@dataclass(frozen=True)
class World:
    """A world with its choice tables.

    Attributes:
        settings: what it was built from.
        items: the books.
        readers: the users.
        taste: [num_users, num_items] float32, long-term preference, positive.
        device_fit: [num_devices, num_items] float32, positive.
        neighbour: [num_items, NUM_NEIGHBOURS] nearest books of other works, nearest first.
        neighbour_weight: [NUM_NEIGHBOURS] float32, decreasing.
    """

    settings: WorldSettings
    items: Catalogue
    readers: Readers
    taste: Floats
    device_fit: Floats
    neighbour: Ints
    neighbour_weight: Floats


def build_world(settings: WorldSettings) -> World:
    """Builds the world of these settings; the same settings give the same world."""
    items, readers = build_catalogue(settings), build_readers(settings)
    device_genre = settings.rng("devices").normal(0, DEVICE_SIGMA, (len(DEVICES), len(GENRES)))
    return World(
        settings=settings,
        items=items,
        readers=readers,
        taste=_taste(items, readers),
        device_fit=np.exp(device_genre[:, items.genre]).astype(np.float32),
        neighbour=_neighbours(items),
        neighbour_weight=(NEIGHBOUR_DECAY ** np.arange(NUM_NEIGHBOURS)).astype(np.float32),
    )


def _taste(items: Catalogue, readers: Readers) -> Floats:
    affinity = readers.genre_affinity
    has_second = items.second_genre >= 0
    second = SECOND_GENRE_WEIGHT * affinity[:, items.second_genre] * has_second
    # einsum rather than a BLAS product: its order of summation does not depend on the thread count.
    latent = LATENT_SCALE * np.einsum("uf,if->ui", readers.factors, items.factors)
    return np.exp(affinity[:, items.genre] + second + latent).astype(np.float32)


def _neighbours(items: Catalogue) -> Ints:
    closeness = np.einsum("if,jf->ij", items.factors, items.factors)
    closeness += SAME_GENRE_BONUS * (items.genre[:, None] == items.genre)
    closeness[items.work[:, None] == items.work] = -np.inf
    return np.argsort(-closeness, axis=1, kind="stable")[:, :NUM_NEIGHBOURS]
