"""A dataset on one page: what went in and came out, the checks with pictures, the worst rows, what to do next."""
