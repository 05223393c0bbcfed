"""What readers do, and operators for them: join, change, leave, be shown, be erased."""
