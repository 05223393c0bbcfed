"""How a mail looks, and what it says around the papers in each language."""
