"""Is a catalogue sound? What is wrong with it, and what of that can be derived anew."""
