"""Mails of one purpose to one person: confirmations, links, alerts."""
