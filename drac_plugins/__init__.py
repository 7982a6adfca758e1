"""The Flask facade over an ICAT 5 catalogue, and its plugins."""
