"""The facility and its vocabularies: the group `/facilities` of ICAT+."""
