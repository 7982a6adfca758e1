"""Doors: our own STOMP listener, a subscriber to brokers, and the monitor that producers ask. All end in the inbox."""
