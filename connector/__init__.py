"""The doors: everything that reaches the network, a file, a database, a log or the simulated SIS."""
