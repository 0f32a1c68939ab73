"""What a cassette shows: pure functions from cassettes to what people want to know."""
