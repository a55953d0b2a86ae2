"""From canonical records to rows of the portal, one file per group of modules."""
