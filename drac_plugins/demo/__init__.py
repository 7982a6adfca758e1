"""The demonstration: a small facility with real files, announced by a real producer."""
