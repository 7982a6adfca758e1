"""Hostile requests against a running embedded catalogue: `make fuzz MINUTES=10 SEED=1 TARGET=soap`."""
