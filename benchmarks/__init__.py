"""Speed and memory: our sync beside a bare loop, measured as whole processes. Never a test of time."""
