"""Child processes: asking them, bounding them, and explaining how one ended."""
