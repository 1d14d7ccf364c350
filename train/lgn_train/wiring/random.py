"""Random wiring: inputs are dealt to the pins like cards, one shuffled deck after another."""

import torch
from torch import Tensor

from lgn_train import rng
from lgn_train.rng import Stream

__all__ = ["random_wiring"]


def random_wiring(inputs: int, nodes: int, fan_in: int, seed: int) -> Tensor:
    """Return int64[nodes, fan_in], the input that each pin reads.

    Fan-outs differ by one at most (two where a deck is repaired), so every input is used where
    there are as many pins; the pins of a node differ where there are as many inputs.
    """
    dealt: list[int] = []
    decks = 0
    while len(dealt) < nodes * fan_in:
        # A new deck for each round: so an input is read again only when all others were read as
        # often.
        deck = rng.permutation(seed, decks, Stream.WIRING, inputs).tolist()
        held = dealt[len(dealt) - len(dealt) % fan_in :] if inputs >= fan_in else []
        dealt += _repaired(deck, set(held), fan_in - len(held))
        decks += 1
    return torch.tensor(dealt[: nodes * fan_in], dtype=torch.int64).view(nodes, fan_in)


def _repaired(deck: list[int], held: set[int], needed: int) -> list[int]:
    """Move the cards that an unfinished node holds already behind those that it still gets."""
    if not held:
        return deck
    others = [card for card in deck if card not in held]
    # What the unfinished node gets comes first; those that it may not get follow with the rest, in
    # their order.
    first = set(others[:needed])
    return others[:needed] + [card for card in deck if card not in first]
