"""Keys outside the data directory: what is encrypted with them and how features are transformed."""
