"""Two versions of a dataset, row by row: what came, what went, what was changed, and why."""
