"""A pair or a document with all that is behind it, and the pairs of a build, to browse."""
