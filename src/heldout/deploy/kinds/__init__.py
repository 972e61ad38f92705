"""What a bundle can hold, a file a kind or family of kinds: how it is written, read and evaluated.

A file lists its kinds in ``KINDS``. A reader gives an object of ours with ``transform``, or with ``classes_`` and
``predict_proba`` or ``decision_function``; scikit-learn is not asked. The answer for a row may not depend on the other
rows: see `heldout.deploy.sums`, and `tests/deploy/test_batch_invariance.py`, which holds every kind to it.
"""
