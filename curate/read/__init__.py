"""Files become documents, documents passages; conversations and ready pairs become pairs."""
