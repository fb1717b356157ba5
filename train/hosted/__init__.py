"""A run whose training happens at a host that takes rows over its API; the weights stay there."""
