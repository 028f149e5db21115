"""The file that a command writes, and the commands that write one."""

from pathlib import Path

import pytest

from pipeline.cli import main
from pipeline.commands.output_file import check_new_file, write_file
from schemas.errors import InputError
from tests.pipeline.init.starter_logs import STARTER_LOGS


def test_an_existing_file_is_overwritten_only_with_force(tmp_path: Path) -> None:
    check_new_file(str(tmp_path / "new.pbtxt"), force=False)
    (tmp_path / "old.pbtxt").write_text("curated by hand")
    with pytest.raises(InputError, match=r"old\.pbtxt: the file exists; give --force"):
        check_new_file(str(tmp_path / "old.pbtxt"), force=False)
    check_new_file(str(tmp_path / "old.pbtxt"), force=True)


@pytest.mark.parametrize("force", [False, True])
def test_a_folder_and_a_file_in_no_folder_are_errors(tmp_path: Path, force: bool) -> None:
    with pytest.raises(InputError, match="there is no folder"):
        check_new_file(str(tmp_path / "absent" / "new.pbtxt"), force)
    with pytest.raises(InputError, match="this is a folder"):
        check_new_file(str(tmp_path), force)


def test_a_file_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"x\.yaml: cannot be written"):
        write_file(str(tmp_path / "absent" / "x.yaml"), "name: x")


def test_init_ends_with_code_2_if_the_disk_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    log = STARTER_LOGS[0]
    monkeypatch.chdir(tmp_path)
    log.write(tmp_path)
    command = ["twotower", "init", log.log, "--output", "/dev/full", "--force"]
    monkeypatch.setattr("sys.argv", command)
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 2
    assert "--output /dev/full: cannot be written" in capsys.readouterr().err
