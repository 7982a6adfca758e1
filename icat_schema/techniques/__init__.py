"""Experimental techniques: terms from the ontology package, descent from our table."""

from icat_schema.techniques.names import IriState
from icat_schema.techniques.techniques import Technique, Techniques, techniques

__all__ = ["IriState", "Technique", "Techniques", "techniques"]
