"""EDEXML documents on the wire."""
