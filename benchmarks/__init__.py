"""Ratios against named baselines, each measured in the same run on the same machine. Nothing asserts a time."""
