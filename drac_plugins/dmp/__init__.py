"""Questionnaires of data management plans: the group `/dmp` of ICAT+."""
