"""Local equality over variables to stop at."""

from lgn_hw.prove.graph import Graph
from lgn_hw.prove.stream_stages import same_over


def xor(graph, a, b):
    return graph.conjunction(graph.conjunction(a, b) ^ 1, graph.conjunction(a ^ 1, b ^ 1) ^ 1)


def test_functions_are_compared_down_to_the_stops():
    graph = Graph()
    a, b, c = graph.symbols(3)
    both = graph.conjunction(a, b)
    left = graph.conjunction(both, c)
    right = graph.conjunction(a, graph.conjunction(b, c))
    assert left != right
    assert same_over(graph, left, right, set())
    assert not same_over(graph, left, right ^ 1, set())


def test_a_stop_that_one_side_only_reads_is_gone_through():
    graph = Graph()
    a, b, c = graph.symbols(3)
    both = graph.conjunction(a, b)
    left = graph.conjunction(both, c)
    right = graph.conjunction(a, graph.conjunction(b, c))
    assert same_over(graph, left, right, {both >> 1})
    assert not same_over(graph, left, graph.conjunction(a, c), {both >> 1})


def test_a_stop_that_both_sides_read_may_be_anything():
    graph = Graph()
    a, b, c = graph.symbols(3)
    both = graph.conjunction(a, b)
    left = graph.conjunction(both, graph.conjunction(a, c))  # a is a leaf of both sides
    right = graph.conjunction(graph.conjunction(both, c), a)
    less = graph.conjunction(both, c)  # and the same function, but only because of what `both` is
    assert same_over(graph, left, right, {both >> 1})
    assert same_over(graph, left, less, set())
    assert not same_over(graph, left, less, {both >> 1})


def test_constants_and_inverses_are_functions_too():
    graph = Graph()
    a, b = graph.symbols(2)
    never = graph.conjunction(graph.conjunction(a, b), graph.conjunction(a ^ 1, b))
    assert same_over(graph, never, 0, set())
    assert not same_over(graph, never, 1, set())
    assert same_over(graph, xor(graph, a, b), xor(graph, a ^ 1, b) ^ 1, set())


def test_more_leaves_than_a_table_has_say_nothing():
    graph = Graph()
    symbols = graph.symbols(17)
    left = right = 1
    for symbol in symbols:
        left = graph.conjunction(left, symbol)
    for symbol in reversed(symbols):
        right = graph.conjunction(right, symbol)
    assert not same_over(graph, left, right, set())
