"""Label images: one number per cell, 0 for the background. Where they come from, and what they tell."""
