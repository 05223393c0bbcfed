"""Mailers: SendGrid, SMTP, the local outbox; DKIM."""
