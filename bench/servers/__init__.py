"""The floors, and what else runs in processes of its own: each file is a program, run by the Python that it needs."""
