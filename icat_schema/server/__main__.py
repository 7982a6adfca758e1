"""`python -m icat_schema.server`."""

from icat_schema.server.commands import main

main()
