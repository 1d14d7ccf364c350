"""The page of several classifiers: a table, and accuracy against what it costs."""

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from lgn_hw.report.page import make_environment, style_sheet
from lgn_hw.report.scatter import named_scatter

__all__ = ["comparison_to_html"]

AXES = {
    "luts": "LUT6 of the whole circuit, as written",
    "latency_ns": "latency in ns, placed and routed",
    "fmax_mhz": "clock in MHz, placed and routed",
}


def comparison_to_html(comparison: Mapping[str, Any]) -> str:
    """Render what compare.compare returns; the same figures give the same bytes.

    A chart is left out where no row has its figure. Rows come with the fewest LUTs first.
    """
    runs, charts = comparison["runs"], {}
    for figure, axis in AXES.items():
        points = [
            (run["name"], run[figure], 100 * run["accuracy"])
            for run in runs
            if run[figure] and run["accuracy"] is not None
        ]
        if points:
            charts[figure] = Markup(named_scatter(points, axis))
    return make_environment().get_template("compare.html.jinja").render(
        comparison=comparison,
        runs=sorted(runs, key=lambda run: (run["luts"], run["name"])),
        charts=charts,
        axes=AXES,
        style=style_sheet(),
    )  # fmt: skip
