"""Reads of the catalogue that several plugins share: typed filters in, frozen records out.

`criteria` says what is wanted, `datasets`, `investigations`, `samples`, `datafiles`, `collections` and `lists` read it
under the session that they are given (ICAT's rules decide what it sees), `records` is what comes back. `wire` turns
records into the JSON of the ICAT+ API, `arguments` reads its queries, `schemas` documents both.

Why the reads look as they do: ICAT checks the entity at the end of every *selected* path and drops the row when the
caller may not read it, also for a missing to-one relation. So each relation is a query of its own, and only
conditions, which are not checked, walk through relations freely. Types, instruments, techniques and users are taken to
be readable by everybody, as python-icat's own set-up makes them.
"""
