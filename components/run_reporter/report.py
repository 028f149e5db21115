"""Renders `report.html`, a single page that opens offline, with its charts and scripts."""

import functools
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jinja2
import vl_convert
from markupsafe import Markup

from components.run_reporter.charts.figure import Figure
from components.run_reporter.formatting import (
    duration,
    instant,
    interval,
    label,
    metric,
    number,
    setting,
    size,
)
from components.run_reporter.sections.changes import changes_section
from components.run_reporter.sections.configuration import configuration_section, files_section
from components.run_reporter.sections.data import data_section
from components.run_reporter.sections.diagnosis import diagnosis_section
from components.run_reporter.sections.features import features_section
from components.run_reporter.sections.gates import gates_section
from components.run_reporter.sections.illustrations import (
    map_section,
    misses_section,
    users_section,
)
from components.run_reporter.sections.index import index_section
from components.run_reporter.sections.quality import quality_section
from components.run_reporter.sections.refit import refit_section
from components.run_reporter.sections.rejects import rejects_section
from components.run_reporter.sections.section import ReportInputs, Section
from components.run_reporter.sections.slices import slices_section
from components.run_reporter.sections.steps import steps_section
from components.run_reporter.sections.training import recipe_section, training_section

_TEMPLATE = "report.html.j2"
# In the order of the page. Every section is in every report; one without content says why.
_SECTIONS: tuple[Callable[[ReportInputs], Section], ...] = (
    data_section,
    rejects_section,
    features_section,
    recipe_section,
    training_section,
    quality_section,
    slices_section,
    diagnosis_section,
    refit_section,
    index_section,
    gates_section,
    users_section,
    misses_section,
    map_section,
    steps_section,
    changes_section,
    files_section,
    configuration_section,
)


def render_report(inputs: ReportInputs) -> str:
    """Renders the HTML page."""
    sections = [build(inputs) for build in _SECTIONS]
    specs = {
        figure.name: figure.spec for section in sections for figure in _figures(section.values)
    }
    run = inputs.run
    return (
        _environment()
        .get_template(_TEMPLATE)
        .render(
            run=run,
            sections=sections,
            total_seconds=sum(step["seconds"] or 0 for step in run["components"]),
            charts=script_json(specs),
            # The same text in every report of an installation: Vega, Vega-Lite and vega-embed.
            vega=Markup(_vega_bundle()) if specs else "",
        )
    )


def script_json(value: Any) -> Markup:
    r"""Returns JSON that a `script` element can contain whatever texts are in it.

    A `<` could start `</script>` or `<!--`, so it is escaped, as are characters that older
    JavaScript takes for the end of a line.

    >>> str(script_json({"title": "</script>"}))
    '{"title":"\\u003c/script\\u003e"}'
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)


@functools.cache
def _vega_bundle() -> str:
    # Without a snippet, the bundle sets window.vegaEmbed; its type stub requires one.
    bundle: str = vl_convert.javascript_bundle()  # type: ignore[call-arg]
    if "</script" in bundle:
        raise RuntimeError("the JavaScript of vl-convert-python contains </script")
    return bundle


def _figures(values: Any) -> Iterator[Figure]:
    """Yields the figures in the values of a section, at any depth."""
    if isinstance(values, Figure):
        yield values
    elif isinstance(values, dict):
        for value in values.values():
            yield from _figures(value)
    elif isinstance(values, list):
        for value in values:
            yield from _figures(value)


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for format_value in (number, setting, metric, interval, duration, instant, label, size):
        environment.filters[format_value.__name__] = format_value
    return environment
