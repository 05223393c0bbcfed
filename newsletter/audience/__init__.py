"""Who may be mailed and about what: topics, suppression, tokens."""
