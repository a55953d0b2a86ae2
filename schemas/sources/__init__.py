"""Wire shapes in the source's own words, one file per dialect."""
