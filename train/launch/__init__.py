"""A run on another machine: packed, sent, started, followed, brought home, and the machine torn down."""
