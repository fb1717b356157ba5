"""The recipe: what it may say (`schema`), reading it (`load`), and where its results are (`folders`)."""
