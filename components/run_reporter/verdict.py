"""How a run ended, in words: what happened, why, and what to do about it."""

from collections.abc import Iterable
from typing import Any, Literal

from components.run_reporter.final_status import FinalStatus, read_final_status

Outcome = Literal["pushed", "rejected", "failed", "not_pushed", "told_by_state"]

_AGAIN = "run the same command again: steps that finished are reused from the cache"


def judge(
    steps: list[dict[str, Any]],
    gates: list[dict[str, Any]],
    push: dict[str, Any] | None,
    run: dict[str, Any],
) -> dict[str, str]:
    """The verdict of a run.

    Args:
      steps: The run's steps with status and error.
      gates: Every gate that was read.
      push: The pusher's fragment, if it got that far.
      run: What the runner knows of the run, or the final status of a compiled pipeline.

    Returns:
      `outcome`, `headline`, `cause` and `cure`; the last is "" where there is nothing to do.
    """
    final = read_final_status(run)
    if final is not None:
        return _told_by_state(final)
    failed_gates = [gate for gate in gates if not gate["passed"]]
    # A rejecting gate stops its step too, but says more than the step's error.
    rejected_by_raising = any(not gate["passed"] for gate in run.get("gates") or [])
    failed_steps = [step for step in steps if step["status"] == "failed"]
    if failed_steps and not rejected_by_raising:
        return _failed(failed_steps, push, run)
    if push is not None and push["pushed"]:
        return _verdict("pushed", f"Version {push['version']} is served", push["reason"], "")
    if failed_gates:
        return _rejected(failed_gates)
    if run.get("error"):
        return _verdict("failed", "The run failed", run["error"], _correct(run))
    if push is not None:
        return _verdict("rejected", "Rejected: nothing was pushed", push["reason"], "")
    return _verdict("not_pushed", "Nothing was pushed", "The run ended before the push.", "")


def _told_by_state(final: FinalStatus) -> dict[str, str]:
    """The state alone: a run that succeeded may have pushed or not, the steps know."""
    job = f" of {final.job}" if final.job else ""
    return _verdict(
        "told_by_state",
        f"The pipeline ended with the state {final.state}",
        final.error or "No error message came with it.",
        f"Read what each step said in `fragment.json` of the artifacts{job}: it is not known here.",
    )


def _rejected(failed_gates: list[dict[str, Any]]) -> dict[str, str]:
    names = ", ".join(gate["name"] for gate in failed_gates)
    reasons = _sentence(gate["reason"] for gate in failed_gates)
    headline = f"Rejected by {names}: nothing was pushed"
    return _verdict("rejected", headline, reasons, f"Cure that, then {_AGAIN}.")


def _failed(
    steps: list[dict[str, Any]], push: dict[str, Any] | None, run: dict[str, Any]
) -> dict[str, str]:
    names = ", ".join(step["component"] for step in steps)
    causes = _sentence(step["error"] for step in steps if step.get("error"))
    cause = causes or run.get("error") or "The step left no message."
    state = "nothing was pushed"
    if push is not None and push["pushed"]:
        state = f"version {push['version']} is served"
    return _verdict("failed", f"Failed in {names}: {state}", cause, _correct(run))


def _correct(run: dict[str, Any]) -> str:
    log = (run.get("paths") or {}).get("log")
    where = f"The full log is {log}. " if log else ""
    return f"{where}Once the cause is cured, {_AGAIN}."


def _sentence(clauses: Iterable[str]) -> str:
    text = "; ".join(clause.strip().rstrip(".") for clause in clauses)
    return f"{text}." if text else ""


def _verdict(outcome: Outcome, headline: str, cause: str, cure: str) -> dict[str, str]:
    return {"outcome": outcome, "headline": headline, "cause": cause, "cure": cure}
