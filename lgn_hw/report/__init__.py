"""Reports: figures gathered from the steps of a run, each named and with its stage.

gather reads what other commands left beside a classifier; page, charts and svg draw it. The stage
of a figure (estimate, synth, pnr) says how it was found, and stands beside it.
"""
