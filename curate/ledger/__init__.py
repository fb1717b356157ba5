"""The ledger: one SQLite file a recipe that remembers every document, request, response, pair and decision."""
