"""From a dialect's wire shapes to our canonical model, one file per dialect."""
