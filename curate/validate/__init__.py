"""The gate: Great Expectations, by the recipe's names."""
