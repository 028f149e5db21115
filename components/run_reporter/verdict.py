"""The verdict of a run: its outcome, the cause, and what to do."""

from collections.abc import Iterable
from typing import Any, Literal

from components.run_reporter.final_status import FinalStatus, read_final_status
from schemas.version_labels import STABLE

Outcome = Literal["pushed", "rejected", "failed", "not_pushed", "told_by_state"]

# The outcome of a compiled pipeline, of which only the final state is known.
TOLD_BY_STATE: Outcome = "told_by_state"

_RUN_AGAIN = "run the same command again: completed steps are reused from the cache"


def run_verdict(
    steps: list[dict[str, Any]],
    gates: list[dict[str, Any]],
    push: dict[str, Any] | None,
    run: dict[str, Any],
) -> dict[str, str]:
    """Returns the verdict of a run.

    Args:
      steps: The run's steps with status and error.
      gates: The results of all gates of the run.
      push: The pusher's fragment, or None if the pusher did not run.
      run: The runner's record of the run, or the final status of a compiled pipeline.

    Returns:
      `outcome`, `headline`, `cause` and `remedy`; `remedy` is "" if there is nothing to do.
    """
    final = read_final_status(run)
    if final is not None:
        return _final_status_verdict(final)
    failed_gates = [gate for gate in gates if not gate["passed"]]
    # A step that stopped because of a gate has failed too, but the gate's reason is more specific
    # than the step's error.
    is_stopped_by_gate = any(not gate["passed"] for gate in run.get("gates") or [])
    failed_steps = [step for step in steps if step["status"] == "failed"]
    if failed_steps and not is_stopped_by_gate:
        return _failed(failed_steps, push, run)
    if push is not None and push["pushed"]:
        return _verdict("pushed", f"Version {_published(push)}", push["reason"], "")
    if failed_gates:
        return _rejected(failed_gates)
    if run.get("error"):
        return _verdict("failed", "The run failed", run["error"], _failure_remedy(run))
    if push is not None:
        return _verdict("rejected", "Rejected: nothing was pushed", push["reason"], "")
    return _verdict("not_pushed", "Nothing was pushed", "The run ended before the push.", "")


def _final_status_verdict(final: FinalStatus) -> dict[str, str]:
    """Returns a verdict without a push result, which the final status does not contain."""
    job = f" of {final.job}" if final.job else ""
    return _verdict(
        TOLD_BY_STATE,
        f"The pipeline ended with the state {final.state}",
        final.error or "There is no error message.",
        "The results of the steps are not available to this report; they are in `fragment.json` of "
        f"the artifacts{job}.",
    )


def _rejected(failed_gates: list[dict[str, Any]]) -> dict[str, str]:
    names = ", ".join(gate["name"] for gate in failed_gates)
    reasons = _sentence(gate["reason"] for gate in failed_gates)
    headline = f"Rejected by {names}: nothing was pushed"
    return _verdict("rejected", headline, reasons, f"Resolve the cause, then {_RUN_AGAIN}.")


def _failed(
    steps: list[dict[str, Any]], push: dict[str, Any] | None, run: dict[str, Any]
) -> dict[str, str]:
    names = ", ".join(step["component"] for step in steps)
    causes = _sentence(step["error"] for step in steps if step.get("error"))
    cause = causes or run.get("error") or "The step reported no error message."
    state = "nothing was pushed"
    if push is not None and push["pushed"]:
        state = f"version {_published(push)}"
    return _verdict("failed", f"Failed in {names}: {state}", cause, _failure_remedy(run))


def _published(push: dict[str, Any]) -> str:
    """Returns the pushed version and its state."""
    if push["label"] == STABLE:
        return f"{push['version']} is served"
    return f"{push['version']} is published with the label {push['label']}"


def _failure_remedy(run: dict[str, Any]) -> str:
    log = (run.get("paths") or {}).get("log")
    log_sentence = f"The full log is {log}. " if log else ""
    return f"{log_sentence}Resolve the cause, then {_RUN_AGAIN}."


def _sentence(clauses: Iterable[str]) -> str:
    text = "; ".join(clause.strip().rstrip(".") for clause in clauses)
    return f"{text}." if text else ""


def _verdict(outcome: Outcome, headline: str, cause: str, remedy: str) -> dict[str, str]:
    return {"outcome": outcome, "headline": headline, "cause": cause, "remedy": remedy}
