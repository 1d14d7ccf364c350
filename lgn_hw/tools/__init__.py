"""Programs that are run: where they are found, how they are called, what their errors say.

yosys and nextpnr are separate programs, native ones where they are new enough and else those of
pip, which are WebAssembly. Whoever calls them gets an exception with the program's own last words
and the place of its log. Nothing here knows what is synthesised.
"""
