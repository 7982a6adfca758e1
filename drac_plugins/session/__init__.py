"""Log in, ask about a session, extend it, log out: the group `/session` of ICAT+."""
