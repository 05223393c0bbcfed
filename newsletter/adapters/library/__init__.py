"""Where a subscriber's library comes from: files of reference managers, Zotero, ORCID."""
