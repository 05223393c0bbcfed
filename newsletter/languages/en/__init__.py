"""English: what everybody gets whose language has no folder."""
