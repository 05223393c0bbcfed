"""What readers do, and operators for them: sign up, change preferences, unsubscribe, export, erase."""
