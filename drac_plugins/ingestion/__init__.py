"""The facade's door to the ingester, and what operators do with messages that could not be applied."""
