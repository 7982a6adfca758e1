"""Free-text search: words in investigations, datasets and datafiles."""
