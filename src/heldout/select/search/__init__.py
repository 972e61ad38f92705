"""Search hyperparameters: of any scikit-learn estimator (`search`), and of the most promising candidates of a run."""

from heldout.select.search.standalone import SearchResult, search

__all__ = ["SearchResult", "search"]
