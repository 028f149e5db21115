"""Tests of the ids to erase: reading them, finding their rows, and never showing them."""

import gzip
from pathlib import Path

import pyarrow as pa
import pytest

from components.id_normalisation import IdNormaliser
from components.records.column_values import ConvertedColumn, convert_ids
from components.records.erase import ErasedIds, load_erased_ids, withhold_record
from schemas.errors import InputError
from schemas.events import Reject, RejectReason
from schemas.id_settings import IdsSettings
from schemas.privacy_settings import EraseSettings
from schemas.settings import from_dict


def test_ids_are_read_from_the_settings_and_from_files(tmp_path: Path) -> None:
    users, items = tmp_path / "users.txt", tmp_path / "items.txt.gz"
    users.write_bytes(b"\xef\xbb\xbfu1\r\n\n  \xc3\xa9 \nu1\n\t\nlast")
    items.write_bytes(gzip.compress(b"i 1\n7"))

    erased = load_erased_ids(
        EraseSettings(user_ids=(" given ",), user_ids_path=str(users), item_ids_path=str(items))
    )

    assert erased.user_ids == {"given", "u1", "é", "last"}
    assert erased.item_ids == {"i 1", "7"}


def test_erased_ids_are_empty_by_default(tmp_path: Path) -> None:
    (tmp_path / "empty.txt").touch()
    assert not load_erased_ids(EraseSettings())
    assert not load_erased_ids(EraseSettings(user_ids_path=str(tmp_path / "empty.txt")))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("none.txt", None, "erase.item_ids_path: there is no file .*none.txt"),
        ("latin.txt", b"secret\xe9", "erase.item_ids_path: .*latin.txt is not UTF-8"),
        ("cut.gz", gzip.compress(b"secret\n" * 99)[:-9], "erase.item_ids_path: .*cut.gz"),
    ],
    ids=["absent", "latin-1", "cut"],
)
def test_an_unreadable_file_is_an_error_that_shows_no_id(
    tmp_path: Path, name: str, content: bytes | None, message: str
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=message) as raised:
        load_erased_ids(EraseSettings(item_ids_path=str(path)))
    assert "secret" not in str(raised.value)


def test_ids_to_erase_are_normalised_and_not_shown_in_any_spelling() -> None:
    rules = from_dict(IdsSettings, {"normalise": ["case", "decimal_zero"]})
    settings = EraseSettings(user_ids=("Anna", "7.0"), item_ids=("X@Y",))
    erased = load_erased_ids(settings, IdNormaliser(rules))
    assert (erased.user_ids, erased.item_ids) == ({"anna", "7"}, {"x@y"})
    for text in ("by ANNA today", "7", "user 7.0", "at x@Y now"):
        assert erased.occurs_in(text), text
    assert not erased.occurs_in("annabel 70 x@z")
    columns = {"user_id": ConvertedColumn(pa.array(["anna", "bob"]))}
    assert erased.erased_rows(columns).tolist() == [True, False]


def test_rows_of_an_erased_user_or_item() -> None:
    columns = {
        "user_id": convert_ids(["u1", " u2 ", "u3", None, "u1"], "user_id"),
        "item_id": convert_ids([7, 8.0, "9", 7, True], "item_id"),
    }
    erased = ErasedIds(frozenset({"u2"}), frozenset({"7"}))
    assert erased.erased_rows(columns).tolist() == [True, True, False, True, False]
    assert erased.unidentified_rows(columns) == {3}


def test_only_columns_with_erased_ids_must_be_valid() -> None:
    columns = {
        "user_id": convert_ids(["", "u2"], "user_id"),
        "item_id": convert_ids(["a", ""], "item_id"),
    }
    only_items = ErasedIds(item_ids=frozenset({"a"}))
    assert only_items.erased_rows(columns).tolist() == [True, False]
    assert only_items.unidentified_rows(columns) == {1}
    assert only_items.erased_rows({"user_id": columns["user_id"]}).tolist() == [False, False]


def test_a_withheld_reject_keeps_its_file_line_and_reason() -> None:
    shown = Reject("log.csv", 7, RejectReason.BAD_VALUE, "value is 'secret'", "secret,x")
    hidden = withhold_record(shown)
    assert (hidden.file, hidden.line, hidden.reason) == ("log.csv", 7, RejectReason.BAD_VALUE)
    assert "secret" not in hidden.detail + hidden.raw


def test_neither_the_representation_nor_the_digest_shows_an_id() -> None:
    one, other = (ErasedIds(user_ids=frozenset({name})) for name in ("secret", "other"))
    assert "secret" not in repr(one) + str([one]) + one.digest
    assert one.digest != other.digest
    assert one.digest != ErasedIds(item_ids=one.user_ids).digest
