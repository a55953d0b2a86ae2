"""Doors to the student information systems, one file per dialect."""
