"""What arXiv says and means: ids, categories, queries, announcements, TeX, licences."""
