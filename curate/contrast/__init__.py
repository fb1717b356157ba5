"""Terms that the data mentions but does not explain (thin terms), contrast sets for them, and the interview."""
