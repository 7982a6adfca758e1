"""Whole journeys through running processes, with people and programs who do not keep to the rules."""
