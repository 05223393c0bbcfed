"""How Django writes dates where nobody else does: in the operator's pages, as 2026-06-15 08:00, in UTC."""
