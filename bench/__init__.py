"""Measures toolreel beside its peers and beside floors, in one run: `make bench`, or `python -m bench --help`."""
