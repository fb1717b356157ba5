"""A first recipe in a folder of its own: a copy of one that is shipped, or one over somebody's own files."""
