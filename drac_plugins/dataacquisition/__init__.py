"""What control systems look up with an API key: the group `/dataacquisition` of ICAT+."""
