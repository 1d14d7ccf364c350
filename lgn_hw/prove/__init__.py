"""Proofs by SAT, of netlists, classifiers and Verilog.

`equivalence` has the three proofs that users ask for, each a list of claims. Below it: cec decides
one pair of circuits with ABC; reference and tournament are the plainest circuits, right by
inspection, that cheaper ones are proven against; counting and sat_sweep show popcounts, on which a
SAT solver alone does not come to an end; source_check and its rules refuse Verilog that has two
readings; pipeline takes the registers out of a core and cut_parts cuts what is left. A check that
could not be done is "undecided", which no caller takes for "equal".
"""
