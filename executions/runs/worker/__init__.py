"""Worker processes: slots, claims, leases, and looking after runs that others lost."""
