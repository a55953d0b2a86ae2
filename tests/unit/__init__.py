"""Plain values in, plain values out; nothing is started."""
