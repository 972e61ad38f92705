"""Nets: what goes in is a line such as ``conv 32 3, relu, flatten`` and rows; what comes out is a trained classifier.

- ``layers/``: a file a layer, with everything about it; ``text`` reads the layer language from their words.
- ``net``, ``plan``: layers with names where rows of a shape come in, body and head, counted without PyTorch.
- ``settings``: every parameter of a net, declared once. ``presets``, ``sound_presets``: nets by name.
- ``stack``: the arrays of several replicates side by side, and their way forward. ``initializers``: first weights.
- ``fit/``: training only. Read ``loop``, then ``step``; ``ways`` and ``planner`` say where jobs are trained.
- ``classifier``: the scikit-learn estimator. ``fitted``: a trained net that computes; ``features``, ``maps``: without
  its head, and on larger images. ``artifact``: a trained net as JSON and arrays, checked on the way back.

To add a layer: write its class in ``layers/``, and list it in ``layers/__init__.py``.
"""
