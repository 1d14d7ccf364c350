"""Train logic gate networks in PyTorch and export them as classifiers."""
