"""What the readers made of a person's files, to be looked at before anything is paid for."""
