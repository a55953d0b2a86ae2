"""What drives the jobs by the clock. The only room that knows a scheduler."""
