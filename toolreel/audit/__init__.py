"""The proof that replay compares what it should: requests that are almost those that were recorded."""
