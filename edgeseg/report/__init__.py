"""Which file to ship: bench results as a page, as Markdown and as CSV."""
