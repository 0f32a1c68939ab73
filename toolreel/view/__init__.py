"""Pages that show cassettes in a browser: rendered here, read only, on this machine."""
