"""Redis, child processes, MJML, the search index, figure files."""
