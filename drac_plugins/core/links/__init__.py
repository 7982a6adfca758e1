"""Links between datasets: the one module that writes, reads and repairs them.

The input paths that producers declared are the only truth. From them follow, in this order, the link table of our own
store, the dataset parameters that today's readers use, and ICAT's provenance (Application, Job, DataCollection). Each
is written idempotently and can be rebuilt from the one before at any time.
"""
