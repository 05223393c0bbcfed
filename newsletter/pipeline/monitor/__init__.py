"""Looking on: ``vitals`` measures, ``watched`` says what is too late, ``watch`` tells the operator.

``breaker`` pauses a transport.
"""
