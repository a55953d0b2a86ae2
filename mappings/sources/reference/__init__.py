"""The reference dialect's records as canonical ones."""
