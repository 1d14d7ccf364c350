"""A search's front as one HTML page: no scripts, no network, readable on a phone and on paper."""

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from lgn_hw.report.page import make_environment, style_sheet
from lgn_hw.report.scatter import WIDTHS, front_scatter

__all__ = ["front_page"]


def front_page(front: Mapping[str, Any]) -> str:
    """Render what front.json of `lgn search` holds; the same figures give the same bytes."""
    points = front["points"]
    chosen = [point["recommended"] for point in points].index(True)
    charts = {name: Markup(_chart(front, chosen, width)) for name, width in WIDTHS.items()}
    return make_environment().get_template("front.html.jinja").render(
        front=front, style=style_sheet(), charts=charts, chosen=points[chosen]
    )  # fmt: skip


def _chart(front: Mapping[str, Any], chosen: int, width: float) -> str:
    """Draw the front at one width. front: as front_page takes it. chosen: the number of the
    recommended point. Accuracies become percent here, deviations too.
    """
    points = front["points"]
    return front_scatter(
        [(p["luts"], 100 * p["accuracy"], 100 * p["accuracy_sd"]) for p in points],
        cloud=[(luts, 100 * accuracy) for luts, accuracy in front["explored"]],
        marked=chosen,
        width=width,
        describe=f"Test accuracy in percent against LUTs of {len(points)} designs",
    )
