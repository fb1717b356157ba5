"""Documents become pairs, pairs a reviewed and validated dataset.

The order of the steps is in `curate.build` and nowhere else; each step is a room of its own: `read`, `generate`,
`screen`, `validate`, `publish`. What they hand to each other are the few data types of `curate.model`.
"""

from likeness import __version__ as __version__
