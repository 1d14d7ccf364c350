"""`lgn boards`: list the boards, and what fits them."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from lgn_cli.console import JsonOption, print_json, show

__all__ = ["boards"]


def boards(
    fits: Annotated[
        Path | None, typer.Option(help="Only boards that this classifier, a .lgn file, may fit.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """List the boards that `lgn build` knows.

    Any other amaranth-boards platform with a `uart` and a default clock works as
    `--board module:Class`, and your own as `--board FILE.py`; see docs/boards.md.

    Examples:

        lgn boards

        lgn boards --fits build/digits/digits.lgn --json
    """
    from lgn_hw.classifier import Classifier

    classifier = None if fits is None else Classifier.load(fits)
    rows = [row for row in _rows(classifier) if row["fits"] is not False]
    if json:
        print_json(rows)
        return
    table = Table()
    for heading in ("board", "name", "part", "LUTs", "clock", "baud", "state"):
        table.add_column(
            heading, justify="right" if heading in ("LUTs", "clock", "baud") else "left"
        )
    for row in rows:
        table.add_row(
            row["board"], row["title"], row["part"], f"{row['luts']:,}",
            f"{row['clock_mhz']:g} MHz", f"{row['baud']:,}", row["state"],
        )  # fmt: skip
    show(table)


def _rows(classifier: Any) -> list[dict[str, Any]]:
    """Return a row per board, with whether a classifier fits where one is given."""
    from lgn_boards.board import part_of
    from lgn_boards.boards import all_boards
    from lgn_boards.build import BuildOptions, plan_for
    from lgn_boards.fit import least_luts

    rows = []
    # A board that lacks LUTs by the least estimate cannot fit; that others do fit is only known
    # when they are built.
    for board in all_boards():
        platform = board.open_platform()
        part, luts = part_of(platform)
        # None: not asked, or the part's LUTs are not known; such a board is listed.
        fits = None
        if classifier is not None and luts is not None:
            fits = least_luts(plan_for(classifier, board, BuildOptions())) <= luts
        rows.append(
            {
                "board": board.name,
                "title": board.title,
                "part": part,
                "luts": luts,
                "clock_mhz": board.clock_hz(platform) / 1e6,
                "baud": board.baud,
                "state": board.state,
                "fits": fits,
            }
        )
    return rows
