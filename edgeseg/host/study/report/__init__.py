"""The report of a study: a page, Markdown, CSV; with the paper beside it where its grid is the paper's."""
