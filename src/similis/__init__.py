"""Similis: self-hosted image search."""
