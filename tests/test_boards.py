"""Boards are found by name, by file and by platform, and refused with the nearest name."""

import pytest
from messages import telling

from lgn_boards import Board, all_boards, find_board
from lgn_boards.board import STATES, part_of
from lgn_hw.errors import UsageError

NAMES = [
    "arty-a7-35", "colorlight-5a-75b", "ice40-hx8k-evn", "icebreaker", "icestick",
    "lifcl-40-evn", "machxo2-1200ze", "tang-nano-9k", "tang-primer-20k", "ulx3s-25f", "ulx3s-85f",
]  # fmt: skip


def test_catalogue_lists_each_board_once():
    assert [board.name for board in all_boards()] == NAMES


@pytest.mark.parametrize("board", all_boards(), ids=lambda board: board.name)
def test_board_has_a_uart_a_clock_a_known_part_and_its_led(board):
    platform = board.open_platform()
    _, luts = part_of(platform)
    assert luts > 1000
    assert board.clock_hz(platform) >= 12e6
    assert board.led is None or board.led in platform.resources
    has_button = ("button", 0) in platform.resources and board.name != "colorlight-5a-75b"
    assert board.button == (("button", 0) if has_button else None)
    assert board.state == ("files only" if board.name == "arty-a7-35" else "built")
    assert board.state in STATES


@pytest.mark.parametrize("name", ["iCEBreaker", "icebreaker", "ICE-breaker", "ice_breaker"])
def test_board_is_found_whatever_its_case(name):
    assert find_board(name).name == "icebreaker"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("icebraker", "...'icebraker'; did you mean icebreaker? `lgn boards` lists them"),
        ("ulx3s25", "...'ulx3s25'; did you mean ulx3s-25f? `lgn boards` lists them"),
        ("zzz", "...'zzz'; `lgn boards` lists them"),
        ("none.py", "There is no file none.py"),
        ("icebreaker:Nothing", "...'Nothing' in amaranth_boards.icebreaker; ...module:class"),
        ("nothing:Nothing", "...amaranth_boards.nothing ..."),
        ("orangecrab_r0_2:OrangeCrabR0_2_25FPlatform", "...orangecrabr0225f ...`uart`; ..."),
    ],
)  # fmt: skip
def test_board_rejects_what_is_none(name, message):
    with pytest.raises(UsageError, match=telling(message)):
        find_board(name)


def test_board_of_any_platform_with_a_uart():
    board = find_board("versa_ecp5:VersaECP5Platform")
    assert (board.name, board.led, board.button) == ("versaecp5", ("led", 0), None)
    assert part_of(board.open_platform()) == ("LFE5UM-45F", 43848)


def test_board_of_a_platform_whose_uart_has_the_pins_of_led_and_button():
    board = find_board("colorlight_5a75b_r7_0:Colorlight_5A75B_R70Platform")
    assert (board.led, board.button) == (None, None)


def test_board_of_a_machxo_platform_is_built_without_lattices_own_program():
    board = find_board("machxo3_sk:MachXO3LFSKPlatform")
    platform = board.open_platform()
    assert part_of(platform) == ("LCMXO3LF-6900C", 6864)
    assert "nextpnr-machxo2" in platform.required_tools


def test_board_without_a_default_clock_is_rejected(tmp_path):
    (tmp_path / "clockless.py").write_text(
        "from amaranth_boards.icestick import ICEStickPlatform\n"
        "class Clockless(ICEStickPlatform):\n"
        "    default_clk = None\n"
    )
    board = Board("clockless", "Clockless", "clockless:Clockless")
    message = "Board clockless ...default clock; set default_clk in a subclass of its platform..."
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(tmp_path))
        with pytest.raises(UsageError, match=telling(message)):
            board.open_platform()


def test_board_file_must_set_board(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text("BOARD = 3\n")
    message = f"{path} must set BOARD ..., not to 3"
    with pytest.raises(UsageError, match=telling(message)):
        find_board(str(path))
