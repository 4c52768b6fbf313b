"""The page people search with."""
