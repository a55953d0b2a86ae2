"""Doors to the portal database: stage, plan, apply."""
