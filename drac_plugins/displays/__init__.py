"""Displays and pages: which display applies to a dataset and why, and pages that show datasets with it."""
