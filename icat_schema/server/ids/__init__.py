"""The ICAT Data Service (IDS) beside the catalogue: the files of its datafiles, for those who may read them."""
