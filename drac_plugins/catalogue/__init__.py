"""What the catalogue knows, as the published clients ask for it: the group `/catalogue` of ICAT+."""
