"""The demo world: books, users and the tables that the choice model uses."""

from dataclasses import dataclass

import numpy as np

from pipeline.demo.catalogue import GENRES, Catalogue, Floats, Ints, build_catalogue
from pipeline.demo.settings import DemoSettings
from pipeline.demo.users import DEVICES, Users, build_users

LATENT_SCALE = 0.8  # weight of the latent factors in the log-taste
SECOND_GENRE_WEIGHT = 0.3  # weight of a book's second genre; the first has weight 1
DEVICE_SIGMA = 0.7  # scale of the log-factor of a device for a genre
NUM_NEIGHBOURS = 8
NEIGHBOUR_DECAY = 0.8  # factor of the weight from a neighbour to the next one
SAME_GENRE_BONUS = 0.5  # added to the cosine similarity of two books of the same genre


@dataclass(frozen=True)
class DemoWorld:
    """The books, the users and the tables of the choice model.

    Attributes:
      settings: Settings of the demo log.
      items: The books.
      users: The users.
      taste: [num_users, num_items] float32, positive, long-term preference.
      device_fit: [num_devices, num_items] float32, positive, preference for books on a device.
      neighbour: [num_items, NUM_NEIGHBOURS] int64, nearest books of other works, nearest first.
      neighbour_weight: [NUM_NEIGHBOURS] float32, decreasing.
    """

    settings: DemoSettings
    items: Catalogue
    users: Users
    taste: Floats
    device_fit: Floats
    neighbour: Ints
    neighbour_weight: Floats


def build_world(settings: DemoSettings) -> DemoWorld:
    """Returns the demo world of the settings; the same settings give the same world."""
    items, users = build_catalogue(settings), build_users(settings)
    device_genre = settings.rng("devices").normal(0, DEVICE_SIGMA, (len(DEVICES), len(GENRES)))
    return DemoWorld(
        settings=settings,
        items=items,
        users=users,
        taste=_taste(items, users),
        device_fit=np.exp(device_genre[:, items.genre]).astype(np.float32),
        neighbour=_neighbours(items),
        neighbour_weight=(NEIGHBOUR_DECAY ** np.arange(NUM_NEIGHBOURS)).astype(np.float32),
    )


def _taste(items: Catalogue, users: Users) -> Floats:
    affinity = users.genre_affinity
    has_second = items.second_genre >= 0
    second = SECOND_GENRE_WEIGHT * affinity[:, items.second_genre] * has_second
    # The order of summation in einsum, unlike in BLAS, does not depend on the number of threads.
    latent = LATENT_SCALE * np.einsum("uf,if->ui", users.factors, items.factors)
    return np.exp(affinity[:, items.genre] + second + latent).astype(np.float32)


def _neighbours(items: Catalogue) -> Ints:
    closeness = np.einsum("if,jf->ij", items.factors, items.factors)
    closeness += SAME_GENRE_BONUS * (items.genre[:, None] == items.genre)
    closeness[items.work[:, None] == items.work] = -np.inf
    return np.argsort(-closeness, axis=1, kind="stable")[:, :NUM_NEIGHBOURS]
