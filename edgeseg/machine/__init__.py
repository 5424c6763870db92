"""The machine that a measurement is made on: what it is, and what may disturb it."""
