"""Ids and vectors in, nearest ids out; can always be rebuilt from the catalogue."""
