"""`twotower monitor`: compares served traffic with the evaluation, and with what users did next."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from components.user_hash import key_fingerprint, read_user_key
from pipeline.config import load_settings
from pipeline.console import Console
from pipeline.monitor.clicks import Clicks, measure_clicks
from pipeline.monitor.compare import compare
from pipeline.monitor.groups import Group, evaluated_measures, groups, served_measures
from pipeline.monitor.interactions import read_target_events
from pipeline.monitor.report import GroupResult, MonitorResult, render, to_dict
from pipeline.monitor.traffic import Traffic, read_traffic
from pipeline.monitor.versions import VersionFacts, version_facts
from pipeline.monitor.window import parse_window
from pipeline.paths import run_paths
from pipeline.paused_collector import paused_collector
from pipeline.runners.read_record import recorded_settings
from schemas.errors import InputError
from schemas.settings import Settings


@dataclass(frozen=True)
class MonitorOptions:
    """The options of the command.

    Attributes:
      traffic: The files of the traffic log: paths, folders or patterns.
      interactions: Configuration of a log with what users did next; None without one.
      user_key: File of the key of user ids; None without one.
      window: How long after a request an event counts, as text.
      baseline: The label with which the others are compared; None for `stable` or the first one.
    """

    traffic: Sequence[str]
    interactions: str | None = None
    user_key: str | None = None
    window: str = "1d"
    baseline: str | None = None


def monitor_command(
    run_dir: str, record: dict[str, Any], options: MonitorOptions, as_json: bool, console: Console
) -> None:
    """Monitors the traffic of the model that a run pushes, and prints the result.

    Args:
      run_dir: The run directory.
      record: Its run.json.
      options: The options of the command.
      as_json: Whether to print JSON instead of text.
      console: Receives the result.

    Raises:
      InputError: The traffic or the interaction log cannot be read or joined.
    """
    result = monitor(run_dir, record, options)
    console.result.write(json.dumps(to_dict(result)) + "\n" if as_json else render(result))


def monitor(run_dir: str, record: dict[str, Any], options: MonitorOptions) -> MonitorResult:
    """Returns the result of monitoring; the arguments are those of `monitor_command`."""
    window_s = parse_window(options.window)
    settings = recorded_settings(run_dir, record)
    # The lists of lists of the records would start the collector again and again.
    with paused_collector():
        traffic = read_traffic(options.traffic, settings.name)
    key = _key(options, traffic)
    serving_dir = run_paths(settings).serving_dir
    facts = {
        version: version_facts(serving_dir, version, key, bool(traffic.user_key))
        for version in sorted(set(traffic.version.tolist()))
    }
    results = [_result(traffic, group, facts[group.version]) for group in groups(traffic)]
    is_anonymous = [name == "" for name in traffic.user.values]
    num_anonymous = sum(is_anonymous[code] for code in traffic.user.codes.tolist())
    return MonitorResult(
        model=settings.name,
        files=len(traffic.files),
        lists=len(traffic),
        users=is_anonymous.count(False) + num_anonymous,
        first_ms=int(traffic.time_ms.min()),
        last_ms=int(traffic.time_ms.max()),
        sample=traffic.sample,
        user_key=traffic.user_key,
        groups=results,
        clicks=_clicks(options, settings, traffic, key, window_s),
    )


def _key(options: MonitorOptions, traffic: Traffic) -> bytes | None:
    """Returns the key of user ids; None without one.

    Raises:
      InputError: The key is not that of the traffic, or it is missing and needed.
    """
    if options.user_key is None:
        if traffic.user_key and options.interactions is not None:
            raise InputError(
                f"the user ids of the traffic are hashed (key {traffic.user_key}), so those of the "
                "interaction log have to be hashed, too: give --user-key FILE"
            )
        return None
    if not traffic.user_key:
        raise InputError(
            f"--user-key {options.user_key}: the user ids of the traffic are not hashed; leave out "
            "this option"
        )
    key = read_user_key(options.user_key)
    if key_fingerprint(key) != traffic.user_key:
        raise InputError(
            f"--user-key {options.user_key}: this key is {key_fingerprint(key)}, but the user ids "
            f"of the traffic are hashed with the key {traffic.user_key}"
        )
    return key


def _result(traffic: Traffic, group: Group, facts: VersionFacts) -> GroupResult:
    served = served_measures(traffic, group, facts)
    evaluated = evaluated_measures(group, facts)
    missing = facts.missing
    if evaluated is None and not missing:
        missing = f"the reference has no signature {group.signature}"
    reference = facts.reference
    compared = ""
    if evaluated is not None and reference is not None:
        compared = (
            f"compared with {evaluated.num_requests:,} requests of {evaluated.num_users:,} users "
            f"of the {reference.split} split"
        )
    num_items = len(reference.item_ids) if reference else 0
    comparisons = compare(served, evaluated, num_items)
    return GroupResult(group, served.num_requests, served.num_users, compared, missing, comparisons)


def _clicks(
    options: MonitorOptions, run: Settings, traffic: Traffic, key: bytes | None, window_s: int
) -> Clicks | None:
    if options.interactions is None:
        if options.baseline is not None:
            raise InputError(
                f"--baseline {options.baseline}: requires --interactions CONFIG; labels are "
                "compared by what users did next"
            )
        return None
    settings = load_settings(options.interactions)
    if settings.ids != run.ids:
        raise InputError(
            f"{options.interactions}: ids.normalise differs from that of the run, so users and "
            "items would not join; set the same rules"
        )
    events = read_target_events(settings, traffic.user, traffic.items.texts, key)
    return measure_clicks(traffic, events, window_s, options.baseline)
