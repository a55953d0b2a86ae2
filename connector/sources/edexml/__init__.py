"""EDEXML documents as a source."""
