"""What the simulator and every source owe the written contract."""
