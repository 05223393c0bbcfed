"""arXiv: one gate, its API, its OAI records, its full texts."""
