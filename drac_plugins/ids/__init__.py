"""Files of the catalogue, which an ICAT Data Service holds: the group `/ids` of ICAT+."""
