"""A dataset folder becomes an adapter, a merged model, a GGUF, and answers to compare.

The order of the steps stands in `train.run`; what it reads is the folder that `curate build` wrote.
"""

__version__ = "0.1.0"
