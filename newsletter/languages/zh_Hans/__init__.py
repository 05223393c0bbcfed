"""Simplified Chinese."""

ALIASES = ("zh", "zh-cn")
"""By which codes readers ask for it too."""
