"""Our doors and pipeline against real databases and the real simulator."""
