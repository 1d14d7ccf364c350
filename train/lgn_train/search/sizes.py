"""Which data are large and which are few, for all that a search chooses by it."""

__all__ = ["FEW", "LARGE"]

LARGE = 5000  # training samples, from which one part is held out
FEW = 1000  # training samples, below which batches are small and folds are five
