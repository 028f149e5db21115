"""Warnings about texts that the settings of their feature do not suit."""

import json
from pathlib import Path
from typing import Any

import pytest

from schemas.settings import DataSettings
from tests.components.catalogue_gen.catalogues import run, settings

CHINESE = ["霸王别姬", "苹果手机保护壳", "无间道", "东京物语，修复版", ""]
THAI = ["เคสโทรศัพท์มือถือกันกระแทก", "รองเท้าวิ่งผู้ชายน้ำหนักเบา"]
ENGLISH = ["The Sea", "Café 日本", "War and Peace", "R&D < 5 > 3"]
SEPARATED = ["苹果 手机 保护 壳", "霸王 别姬 修复 版", "เคส โทรศัพท์ มือถือ กัน กระแทก"]
KOREAN = ["아이폰 휴대폰 케이스", "여행용 캐리어 가방"]
HTML = ["<p>The sea</p>", "one<br/>two", "Q&amp;A", "plain"]


def warnings(folder: Path, texts: list[str], **title: Any) -> tuple[str, ...]:
    """Ingests items with these titles, and returns the warnings."""
    return run(catalogue(folder, texts, **title), folder)[0].warnings


def catalogue(folder: Path, texts: list[str], **title: Any) -> DataSettings:
    data = settings(
        folder,
        "",
        path=str(folder / "items.jsonl"),
        format="jsonl",
        fields={"item_id": "item"},
        features={"title": {"kind": "text", **title}, "brand": {"kind": "category"}},
    )
    rows = [{"item": f"i{n}", "title": text, "brand": text} for n, text in enumerate(texts)]
    (folder / "items.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return data


@pytest.mark.parametrize("texts", [CHINESE, THAI, [*CHINESE, *ENGLISH]])
def test_texts_without_spaces(tmp_path: Path, texts: list[str]) -> None:
    (warning,) = warnings(tmp_path, texts)
    number = sum(text in CHINESE[:-1] + THAI for text in texts)
    total = sum(bool(text) for text in texts)
    assert warning.startswith(f"items.features.title: {number} of {total} texts are in a language")
    assert warning.endswith("set items.features.title.tokens: characters")
    assert warnings(tmp_path, texts, tokens="characters") == ()


def test_texts_with_html(tmp_path: Path) -> None:
    (warning,) = warnings(tmp_path, HTML)
    assert warning.startswith("items.features.title: 3 of 4 texts contain HTML")
    assert warning.endswith("set items.features.title.html: strip")
    assert warnings(tmp_path, HTML, html="strip") == ()


@pytest.mark.parametrize("texts", [ENGLISH, SEPARATED, KOREAN, [""], [*ENGLISH, CHINESE[1]]])
def test_other_texts_cause_no_warning(tmp_path: Path, texts: list[str]) -> None:
    assert warnings(tmp_path, texts) == ()
