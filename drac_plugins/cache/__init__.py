"""What the facade keeps of the catalogue's answers, shown and forgotten: the group `/cache` of ICAT+."""
