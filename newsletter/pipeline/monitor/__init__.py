"""Monitoring: ``health`` measures, ``checks`` judges, ``alerts`` tells the operator.

``circuit_breaker`` pauses a transport; ``retention`` deletes old data.
"""
