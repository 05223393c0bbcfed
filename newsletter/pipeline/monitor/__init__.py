"""Looking on: ``health`` measures, ``watched`` says what is too late, ``watch`` tells the operator.

``breaker`` pauses a transport.
"""
