"""All checks in the order in which they make sense."""

from __future__ import annotations

from icat_schema.server.integrity import content, structure
from icat_schema.server.integrity.findings import Check

STRUCTURE = (
    Check("tables, columns, indexes and constraints", structure.missing_parts),
    Check("the database's own file", structure.damaged_file),
)
CONTENT = (
    Check("relations", structure.dangling_relations),
    Check("counters of ids", structure.counters),
    Check("lengths of texts", content.overlong_texts),
    Check("enumerations", content.strange_constants),
    Check("rules and public steps", content.rules),
    Check("parameters and their types", content.parameters),
    Check("numbers and sizes of datafiles", content.file_counts),
)
"""Makes no sense while tables or columns are missing."""
