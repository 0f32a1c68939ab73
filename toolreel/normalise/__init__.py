"""Recording the same conversation again changes nothing: from a take to the cassette, and back."""
