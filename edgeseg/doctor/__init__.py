"""What works on this machine, found by trying it, and what to install or do for the rest."""
