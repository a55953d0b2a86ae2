"""Migrated databases equal the metadata, from every earlier revision."""
