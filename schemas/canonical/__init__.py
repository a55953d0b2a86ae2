"""Our own model: what every source is mapped to."""
