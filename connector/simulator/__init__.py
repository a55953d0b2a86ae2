"""A simulated student information system that shares nothing with the product but the written contract."""
