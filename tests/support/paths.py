"""Where the files lie that tests read."""

from pathlib import Path

TESTS = Path(__file__).parents[1]

#: The checkout.
ROOT = TESTS.parent

#: Small models of the main kinds.
MODELS = TESTS / "models"

#: Models that the audit is tried on.
AUDIT_MODELS = TESTS / "audit" / "models"
