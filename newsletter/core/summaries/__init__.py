"""What is said about a paper: claims, the quotes that carry them, extracts, prompts."""
