"""What ICAT is: the entities of ICAT 5 as data, the parameter vocabulary, the techniques, and the door to a server."""
