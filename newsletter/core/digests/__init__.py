"""What a digest holds and the bytes of its message."""
