"""Where registers stand."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from messages import telling

from lgn_hw.circuit.registers import Stages
from lgn_hw.errors import UsageError


@pytest.mark.parametrize(
    ("levels", "registers", "latency"),
    [(0, 1, 1), (0, 0, 1), (5, 0, 1), (5, 1, 5), (5, 2, 3), (4, 2, 2), (3, 7, 1)],
)
def test_stages_latency_counts_stages_and_at_least_one(levels, registers, latency):
    assert Stages(levels, registers).latency == latency


@settings(deadline=None)
@given(st.integers(1, 30), st.integers(0, 8))
def test_stages_end_where_the_next_level_is_in_the_next_stage(levels, registers):
    stages = Stages(levels, registers)
    ends = [stages.ends_at(level) for level in range(1, levels + 1)]
    assert sum(ends) == stages.latency
    assert [stages.stage_of(level) for level in range(1, levels + 1)] == [
        sum(ends[: level - 1]) for level in range(1, levels + 1)
    ]


@settings(deadline=None)
@given(st.integers(1, 12), st.data())
def test_stages_stand_exactly_where_they_are_put(levels, data):
    cuts = tuple(sorted(data.draw(st.sets(st.integers(0, levels)))))
    stages = Stages(levels, cuts)
    assert stages.latency == len(cuts)
    assert tuple(level for level in range(levels + 1) if stages.ends_at(level)) == cuts
    assert [stages.stage_of(level) for level in range(levels + 1)] == [
        sum(cut < level for cut in cuts) for level in range(levels + 1)
    ]


@pytest.mark.parametrize(
    ("levels", "cuts"), [(3, (4,)), (3, (2, 1)), (3, (1, 1)), (0, (2,)), (3, (-1,))]
)
def test_stages_rejects_levels_that_are_not_there(levels, cuts):
    message = f"...levels 0 to {max(1, levels)}, ...not {list(cuts)}"
    with pytest.raises(UsageError, match=telling(message)):
        Stages(levels, cuts)


def test_stages_rejects_a_negative_number_of_registers():
    message = "... 1 or more levels, or 0 ...not -1"
    with pytest.raises(UsageError, match=telling(message)):
        Stages(3, -1)
