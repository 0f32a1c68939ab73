"""The plain HTTP door: carries bytes, decides nothing."""
