"""Training, watched: what every evaluation sees besides the loss, which checkpoint is kept, and a verdict in words."""
