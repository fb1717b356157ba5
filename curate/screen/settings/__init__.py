"""What people may choose of the checks: one file a check, of its name. A recipe is read with them, so they import no check."""
