"""From bytes on the wire to a cassette; pure."""
