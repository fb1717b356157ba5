"""How a step is mapped over many rows: in this process, in several, or on Ray. The rows that come out are the same."""
