"""Run in the simulator: frames through a streaming core's Verilog, with and without pauses."""

import json
from pathlib import Path

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, RisingEdge

from lgn_sim.bench import PERIOD_NS, Sink, Source, never, sometimes


@cocotb.test()
async def frames(dut):
    job = json.loads(Path("job.json").read_text())
    source = Source(dut.clk, dut.i_pixel__valid, dut.i_pixel__ready, dut.i_pixel__payload)
    sink = Sink(dut.clk, dut.o_result__valid, dut.o_result__ready, dut.o_result__payload)
    Clock(dut.clk, PERIOD_NS, "ns").start()
    found = []
    for number, (idle, backpressure) in enumerate(job["flows"]):
        source.stop()
        sink.stop()
        dut.rst.value = 1
        await RisingEdge(dut.clk)
        dut.rst.value = 0
        await ClockCycles(dut.clk, job["quiet"])
        pauses = sometimes(number) if idle else never()
        send = cocotb.start_soon(source.send(job["words"], pauses))
        waits = sometimes(50 + number) if backpressure else never()
        got = await sink.receive(job["results"], waits)
        sent = await send
        latency = got[0].offered - sent[job["pixels"] - 1].taken
        found.append({"words": [str(each.word) for each in got], "latency": latency})
    Path("found.json").write_text(json.dumps(found))
