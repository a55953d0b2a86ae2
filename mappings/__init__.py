"""The pure verbs: values in, values out; nothing is opened, logged, timed or drawn at random."""
