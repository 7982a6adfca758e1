"""Who may do what: ICAT's rules, public tables and public steps."""

from icat_schema.server.authz.grants import EVERYTHING, Grant, Grants
from icat_schema.server.authz.meaning import DerivedRule, check_public_step, derive
from icat_schema.server.authz.rules import Rules
from icat_schema.server.authz.stored import Access

__all__ = ["EVERYTHING", "Access", "DerivedRule", "Grant", "Grants", "Rules", "check_public_step", "derive"]
