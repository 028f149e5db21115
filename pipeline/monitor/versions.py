"""What is known of the versions that answered: reference, items and users."""

from dataclasses import dataclass

from components import files
from components.pusher.versions import version_dir, withdrawn_dir
from components.served_reference import ServedReference, read_known_users, read_reference
from components.user_hash import hashed_user_id


@dataclass(frozen=True)
class VersionFacts:
    """What a version knows and was measured with.

    Attributes:
      version: The version.
      reference: Its reference; None if there is none.
      missing: Why there is no reference, "" if there is one.
      items: Its items.
      users: The users with targets in its training, hashed like those of the traffic; None if they
        are not known.
    """

    version: int
    reference: ServedReference | None
    missing: str
    items: frozenset[str]
    users: frozenset[str] | None


def version_facts(
    serving_dir: str, version: int, key: bytes | None, is_hashed: bool
) -> VersionFacts:
    """Reads what is known of a version, also of one that a rollback has withdrawn.

    Args:
      serving_dir: The folder of the versions.
      version: The version.
      key: The key of user ids; None without one.
      is_hashed: Whether the users of the traffic are hashed.

    Raises:
      InputError: A file of the version is damaged.
    """
    folders = [version_dir(serving_dir, version), withdrawn_dir(serving_dir, version)]
    folder = next((each for each in folders if files.is_folder(each)), None)
    if folder is None:
        reason = f"version {version} is no longer in {serving_dir}"
        return VersionFacts(version, None, reason, frozenset(), None)
    reference = read_reference(folder)
    users = read_known_users(folder)
    if is_hashed and users is not None:
        users = None if key is None else frozenset(hashed_user_id(user, key) for user in users)
    if reference is None:
        reason = f"version {version} was pushed by an earlier release, which wrote no reference"
        return VersionFacts(version, None, reason, frozenset(), users)
    return VersionFacts(version, reference, "", frozenset(reference.item_ids), users)
