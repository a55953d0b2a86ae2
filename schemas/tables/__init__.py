"""The portal database's tables."""
