"""When a digest is due, how fast it is sent, and what a provider's report means."""
