"""The embedded ICAT 5 server: an island with its own process, port and database, reached only over SOAP and REST."""
