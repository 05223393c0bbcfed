"""A newsletter service for people who follow arXiv."""
