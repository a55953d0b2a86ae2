"""The portal's read contract: one SQL text per view."""
