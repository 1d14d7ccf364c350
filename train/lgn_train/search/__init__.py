"""A search for small classifiers: from data and a budget of LUTs to a front of proven designs."""

from lgn_train.search.front import Front
from lgn_train.search.search import Search
from lgn_train.search.settings import Settings

__all__ = ["Front", "Search", "Settings"]
