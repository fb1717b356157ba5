"""Which pairs are kept, by caps, and on which side of the split."""
