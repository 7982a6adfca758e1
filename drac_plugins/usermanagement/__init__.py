"""Scientists of instruments: the group User management of ICAT+."""
