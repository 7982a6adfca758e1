"""Pictures and small files of datasets and logbooks: the group `/resource` of ICAT+."""
