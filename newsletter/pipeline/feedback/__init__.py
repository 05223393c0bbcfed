"""After sending: ``provider_events`` applies webhook events, ``bounces`` reads DSNs and complaints.

``reconcile`` ends expired leases and settles ambiguous deliveries for which there is evidence.
"""
