"""Entry point of the Celery workers: no query, no rule."""
