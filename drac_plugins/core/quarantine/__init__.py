"""Working with messages that could not be applied: shared by the command line, the interface and the page."""
