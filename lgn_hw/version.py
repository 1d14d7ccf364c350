"""The version of lgn-hw, in a file that imports nothing; pyproject.toml says the same."""

__all__ = ["__version__"]

__version__ = "0.1.0"
