"""The entities of ICAT 5.0 as data, and their loader."""

from icat_schema.definitions.loader import schema
from icat_schema.definitions.model import Attribute, Entity, Field, Schema, ToMany, ToOne

__all__ = ["Attribute", "Entity", "Field", "Schema", "ToMany", "ToOne", "schema"]
