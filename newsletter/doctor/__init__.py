"""What is wrong with this installation, why it matters, and what to type.

Each module looks at one part. Nothing here mends anything, and nothing is stored but the secret key's
fingerprint, as at any start.
"""
