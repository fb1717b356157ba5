"""llama.cpp in a process of its own: a crash is an answer, not the end of the caller."""
