"""What is learnt after sending: ``events`` are reports of providers, ``bounces`` mail that comes back.

``reconcile`` ends what lost workers left, and settles lost answers for which there is evidence.
"""
