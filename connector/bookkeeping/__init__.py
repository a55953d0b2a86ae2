"""What the connector must remember between runs."""
