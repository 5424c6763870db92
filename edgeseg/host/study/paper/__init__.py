"""The paper that edgeseg starts from, beside a study of its grid: Table 3, claims judged, figures.

Polisi, Uka, Avdiu, Karras 2025, doi 10.55214/25768484.v9i3.5668. Studies of other grids know nothing of it.
"""
