"""The ICAT+ wire of the shared reads: queries in (`arguments`), JSON out (`replies`), its description (`schemas`)."""
