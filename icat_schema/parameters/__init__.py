"""What a metadata parameter means: its units, its kind, its NeXus place, and what replaced it."""

from icat_schema.parameters.definition import Kind, ParameterDefinition
from icat_schema.parameters.vocabulary import Vocabulary, read_additions, vocabulary

__all__ = ["Kind", "ParameterDefinition", "Vocabulary", "read_additions", "vocabulary"]
