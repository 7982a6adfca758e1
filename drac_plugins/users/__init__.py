"""Users' preferences: the group `/users` of ICAT+."""
