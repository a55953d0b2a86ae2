"""The sentences: what runs, when and who starts it; the one room that brings doors and mappings together."""
