"""`python -m tests.messages_server --port 0`."""

from .serve import main

main()
