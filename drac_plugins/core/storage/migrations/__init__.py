"""The history of the in-tree tables. `versions/` holds one file per revision, in one line."""
