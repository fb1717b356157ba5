"""A local Argilla server: nothing is installed by hand, and nothing leaves the machine."""
