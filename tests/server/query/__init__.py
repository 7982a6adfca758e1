"""The query side of the embedded catalogue, on real databases."""
