"""Crystal phases in a copy of the Crystallography Open Database: the group `/cod` of ICAT+."""
