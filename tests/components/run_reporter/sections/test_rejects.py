"""The section on rejected records."""

from components.run_reporter.read_files import RejectExample, StepFiles
from tests.components.run_reporter.pages import render, sections


def test_an_example_of_each_reject_reason_is_shown() -> None:
    example = RejectExample("interactions", "bad_value", "log.csv, line 7", "not a time", "u,i,x")
    files = StepFiles(reject_examples=[example])
    rejects = sections(render(files=files))["Rejected records"]
    for text in ("log.csv, line 7: not a time", "<pre>u,i,x</pre>", "bad value"):
        assert text in rejects
