"""The nouns: the shapes every other room speaks in; no I/O and no clock."""
