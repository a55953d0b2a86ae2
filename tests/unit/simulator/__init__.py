"""The simulated SIS: its world, its faults, its server."""
