"""HDF5 files for viewers: the group `/h5grove` of ICAT+, answered by the package h5grove.

`service` asks the catalogue where a file is and what its links may lead to, `places` says where that is on this host,
`readers` has the question answered by a process of its own (`reader`), which opens nothing else (`guard`, `contents`).
"""
