"""What an API is: its routes, ids and base paths; one module a dialect, one line in a table."""
