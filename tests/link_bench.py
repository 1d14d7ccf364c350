"""Drive the link's gateware in Amaranth's simulator, by bytes and by pins."""

from amaranth.sim import Simulator
from strategies import random_classifier

from lgn_hw.link import BaudRate, LinkPlan

__all__ = ["answers_of", "levels_of", "received_by", "run", "small_plan", "terminal_answers"]


def small_plan(seed=1, *, clocks_per_bit=4, **sizes):
    """Return a plan whose core keeps up with a byte in 16 clock cycles."""
    sizes = {"features": 5, "layers": (40, 12)} | sizes
    return LinkPlan(random_classifier(seed, **sizes), BaudRate(clocks_per_bit * 10**6, 10**6))


def answers_of(
    device,
    chunks,
    *,
    cycles_per_byte=16,
    ready_every=1,
    quiet=80,
    during_self_test=False,
    press_at=None,
):
    """Send chunks of bytes to a LinkDevice; return what it sends after each, and o_passed.

    None in a chunk is a byte without a stop bit. A chunk is over when all its bytes are taken and
    nothing has been sent for `quiet` clock cycles. ready_every: how many clock cycles a byte of an
    answer takes at least. The first chunk waits for the self-test, unless during_self_test.
    press_at: the clock cycle of each chunk in which i_test is 1.
    """
    answers = []

    async def bench(ctx):
        if not during_self_test:
            await ctx.tick().until(~device.self_test.o_running)
        for chunk in chunks:
            todo = list(chunk)
            pace = (cycles_per_byte, ready_every, quiet, press_at)
            answers.append(await _exchange(ctx, device, todo, *pace))
        answers.append(bool(ctx.get(device.o_passed)))

    run(device, bench)
    return answers[:-1], answers[-1]


async def _exchange(ctx, device, todo, cycles_per_byte, ready_every, quiet, press_at):
    received, cycle, last = bytearray(), 0, 0
    while todo or cycle - last < quiet:
        due = bool(todo) and cycle % cycles_per_byte == 0
        byte = todo.pop(0) if due else None
        ctx.set(device.i_error, due and byte is None)
        ctx.set(device.i_valid, byte is not None)
        ctx.set(device.i_byte, byte or 0)
        ctx.set(device.i_test, cycle == press_at)
        ready = cycle % ready_every == 0
        ctx.set(device.o_bytes.ready, ready)
        sent = ready and ctx.get(device.o_bytes.valid)
        if sent:
            received.append(ctx.get(device.o_bytes.payload))
        if due or sent or ctx.get(device.self_test.o_running):
            last = cycle
        cycle += 1
        await ctx.tick()
    return bytes(received)


def levels_of(data, clocks_per_bit):
    """Return the levels of a UART line, one per clock cycle; clocks_per_bit may be a fraction."""
    bits = [level for byte in data for level in (0, *(byte >> i & 1 for i in range(8)), 1)]
    cycles = round(len(bits) * clocks_per_bit)
    return [bits[int(cycle / clocks_per_bit)] for cycle in range(cycles)]


def received_by(receiver, levels):
    """Put levels on the pin of a uart.Receiver; return the bytes, None for a framing error."""
    received = []

    async def bench(ctx):
        for level in [1] * 8 + levels + [1] * 40:
            ctx.set(receiver.i_rx, level)
            await ctx.tick()
            if ctx.get(receiver.o_valid):
                received.append(ctx.get(receiver.o_byte))
            if ctx.get(receiver.o_error):
                received.append(None)

    run(receiver, bench)
    return received


def terminal_answers(terminal, levels, wait):
    """Put levels on the pin of a UartClassifier; return the levels of its answer, and o_passed."""
    sent, passed = [], []

    async def bench(ctx):
        for level in [1] * wait + levels + [1] * wait:
            ctx.set(terminal.i_rx, level)
            await ctx.tick()
            sent.append(ctx.get(terminal.o_tx))
        passed.append(bool(ctx.get(terminal.o_passed)))

    run(terminal, bench)
    return sent, passed[0]


def run(component, bench):
    """Simulate a component with one testbench."""
    simulator = Simulator(component)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
