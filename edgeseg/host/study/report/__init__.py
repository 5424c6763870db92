"""What a study found: its tables, the paper's beside them, verdicts on its claims, and its figures."""
