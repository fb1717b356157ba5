"""A dataset folder becomes an adapter, a merged model, a GGUF, and answers to compare.

The order of the steps stands in `train.run`; what it reads is the folder that `curate build` wrote.
"""

from likeness import __version__ as __version__
