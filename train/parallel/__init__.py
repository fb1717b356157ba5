"""Training in several processes, which accelerate starts: one for each GPU, on one machine or on several."""
