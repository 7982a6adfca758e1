"""What others have to know: written in the transaction that makes it true, told after it.

Every event has a stable key. It is told at least once: a process that dies between telling and noting that it has told
tells it again with the same key, so a receiver that remembers keys sees it exactly once.
"""
