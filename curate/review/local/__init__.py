"""An Argilla server of one's own: nothing to install by hand, nothing that leaves the machine."""
