"""The grid of the study: optimizer x loss x variant x seed, resumable, on one machine or a cluster."""
