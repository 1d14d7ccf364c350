"""A button starts the self-test once a press, bouncing or not, and never spoils an answer."""

import random
from dataclasses import replace

import pytest
from link_bench import answers_of, run, small_plan
from test_link_gateware_device import samples

from lgn_hw.link import ANSWER, REFUSED, BaudRate, Command, Frame, Parser
from lgn_hw.link.gateware.button import Button
from lgn_hw.link.gateware.device import LinkDevice
from lgn_hw.link.gateware.uart_classifier import UartClassifier


def test_button_looks_at_its_level_more_seldom_than_it_bounces():
    assert Button(12_000_000).period / 12_000_000 > 0.005
    assert Button(25_000_000).period / 25_000_000 > 0.005


@pytest.mark.parametrize("seed", range(5))
def test_button_is_pressed_once_however_it_bounces(seed):
    rng, button, pressed = random.Random(seed), Button(2000), []
    assert button.period == 16

    async def hold(ctx, level, cycles, bouncing):
        for cycle in range(cycles):
            ctx.set(button.i_level, rng.randrange(2) if cycle < bouncing else level)
            pressed[-1] += ctx.get(button.o_pressed)
            await ctx.tick()

    async def bench(ctx):
        for _ in range(8):
            pressed.append(0)
            await hold(ctx, 1, rng.randrange(40, 80), 10)
            await hold(ctx, 0, rng.randrange(40, 80), 10)

    run(button, bench)
    assert pressed == [1] * 8


def test_device_runs_its_self_test_when_it_is_told_to():
    plan = small_plan()
    device, running = LinkDevice(plan), []

    async def bench(ctx):
        for cycle in range(3000):
            ctx.set(device.i_test, cycle == 1500)
            running.append((ctx.get(device.self_test.o_running), ctx.get(device.o_passed)))
            await ctx.tick()

    run(device, bench)
    once = running[:1500].index((0, 1))  # how long the self-test takes after reset
    assert once > 20
    assert set(running[once:1500]) == {(0, 1)}
    again = [passed for test, passed in running[1500:] if test]
    assert abs(len(again) - once) <= 1
    assert not any(again)
    assert running[-1] == (0, 1)


@pytest.mark.parametrize("press_at", range(0, 1700, 37))
def test_button_at_any_time_leaves_every_answer_right_or_refused(press_at):
    plan = small_plan()
    codes, packed = samples(plan, 12)
    request, identify = Frame(1, Command.CLASSIFY, packed), Frame(2, Command.IDENTIFY)
    answers, passed = answers_of(
        LinkDevice(plan), [request.encode(), identify.encode()], ready_every=20, press_at=press_at
    )
    (answer,) = Parser(300).feed(answers[0])
    if answer.command == ANSWER | REFUSED | Command.CLASSIFY:
        assert len(answer.payload) == 2
    else:
        assert list(answer.payload[2:]) == plan.classifier.predict(codes).tolist()
    assert Parser(300).feed(answers[1]) == [identify.answer(plan.identity.pack())]
    assert passed


def test_terminal_runs_its_self_test_when_its_button_is_pressed():
    # A slow clock, so that 5 ms are few clock cycles.
    plan = replace(small_plan(), rate=BaudRate(40_000, 10_000))
    terminal, passed = UartClassifier(plan), []

    async def bench(ctx):
        for cycle in range(6000):
            ctx.set(terminal.i_button, 2000 <= cycle < 4000)
            passed.append(ctx.get(terminal.o_passed))
            await ctx.tick()

    run(terminal, bench)
    assert passed[1999] == passed[-1] == 1
    falls = [i for i in range(2000, 5999) if passed[i] and not passed[i + 1]]
    assert len(falls) == 1
    assert 2000 < falls[0] < 2600
