"""Make cocotb tests of cases, and keep what they find."""

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import cocotb

from lgn_hw.counted import counted
from lgn_hw.files.atomic import write_text
from lgn_sim.bench import BrokenRule
from lgn_sim.job import CaseResult

__all__ = ["recorder"]

Case = Callable[[Any], Awaitable[CaseResult]]


def recorder(results: str) -> Callable[[Case], Any]:
    """Return a decorator that makes a cocotb test of a case: it fails where anything is wrong.

    results: the file that receives what all cases found.
    """
    found: list[CaseResult] = []

    def case(run: Case) -> Any:
        async def test(dut: Any) -> None:
            try:
                result = await run(dut)
            except BrokenRule as problem:
                result = CaseResult(run.__name__, problem=str(problem))
            found.append(result)
            # After each case, so that a simulator that crashes in a later one loses nothing.
            write_text(Path(results), json.dumps([r.to_json() for r in found], indent=2) + "\n")
            assert result.passed, f"{counted(result.mismatches, 'mismatch')}; {result.problem}"

        test.__name__ = test.__qualname__ = run.__name__
        test.__doc__ = run.__doc__
        return cocotb.test()(test)

    return case
