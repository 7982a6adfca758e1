"""What folders and files on disk tell about datasets: messages that were never sent, metadata files, HDF5."""
