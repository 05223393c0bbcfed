"""The crash tests: the whole service killed at random, and judged by what its provider received.

``make chaos`` runs them as commands of their own, ``python -m tests.chaos``; the short form is a test.
"""
