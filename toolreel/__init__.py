"""Record the HTTP traffic of an LLM tool-calling loop once, replay it offline for ever."""
