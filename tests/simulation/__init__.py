"""Enumerated crashes, random histories and faults."""
