"""The reference dialect on the wire."""
