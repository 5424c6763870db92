"""What changed between two measurements, and whether it is more than chance."""
