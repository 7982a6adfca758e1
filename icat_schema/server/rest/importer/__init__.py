"""POST port: the text format of the export, read line by line and stored row by row."""
