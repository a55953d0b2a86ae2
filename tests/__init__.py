"""The proof: what the connector promises, stated as tests that can fail."""
