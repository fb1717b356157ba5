"""What reviewers said, resolved."""
