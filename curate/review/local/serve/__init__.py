"""What runs inside the server's own environment: an unmodified Argilla, with a search engine and a queue in the same process.

`python -m serve HOME`, called by ../server.py with this folder's parent on the path. Imports argilla_server; nothing of ours.
"""
