"""Whole catalogues to and from the dump files of python-icat (icatdump, icatingest)."""
