"""A local server of the Assistants API, for demos, tests and first steps."""
