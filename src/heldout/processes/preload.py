"""Libraries that every worker needs, loaded once before workers are forked."""

import numpy  # noqa: F401
import pandas  # noqa: F401
import sklearn.decomposition
import sklearn.dummy
import sklearn.ensemble
import sklearn.naive_bayes
import sklearn.neighbors
import sklearn.pipeline
import sklearn.svm
import sklearn.tree  # noqa: F401
