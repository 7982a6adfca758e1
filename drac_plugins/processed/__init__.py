"""What processed data came from and what became of raw data, for programs."""
