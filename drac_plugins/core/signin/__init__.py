"""How people get a session: by the credentials of the catalogue's authenticators, or by a token of an OpenID provider;
slower for who guesses."""
