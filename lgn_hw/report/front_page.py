"""A search's front as one HTML page: no scripts, no network, readable on a phone and on paper."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from lgn_hw.report.scatter import WIDTHS, scatter

__all__ = ["front_page"]

HERE = Path(__file__).parent


def front_page(front: Mapping[str, Any]) -> str:
    """Render what front.json of `lgn search` holds; the same figures give the same bytes."""
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {
        "count": lambda value: f"{value:,.0f}",
        "percent": lambda value: f"{100 * value:.2f}\N{NO-BREAK SPACE}%",
        "points": lambda value: f"{100 * value:.2f}",
    }
    template = environment.from_string((HERE / "front.html.jinja").read_text(encoding="utf-8"))
    charts = {name: Markup(_chart(front, width)) for name, width in WIDTHS.items()}
    style = Markup((HERE / "report.css").read_text(encoding="utf-8"))
    return template.render(front=front, style=style, charts=charts, chosen=_chosen(front["points"]))


def _chosen(points: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    return next((point for point in points if point["recommended"]), points[-1])


def _chart(front: Mapping[str, Any], width: float) -> str:
    points = front["points"]
    return scatter(
        [(p["luts"], 100 * p["accuracy"], 100 * p["accuracy_sd"]) for p in points],
        cloud=[(luts, 100 * accuracy) for luts, accuracy in front["explored"]],
        marked=[p["recommended"] for p in points].index(True),
        width=width,
        describe=f"Test accuracy in percent against LUTs of {len(points)} designs",
    )
