"""The I/O edge: one outside thing a file, each the only importer of its package."""
