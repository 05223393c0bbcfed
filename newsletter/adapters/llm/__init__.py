"""Summarisers: models behind one rate limit, and the extractive one that asks nobody."""
