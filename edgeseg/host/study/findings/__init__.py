"""What a study found, as data: results, differences with intervals, the cells of the table, the best ones."""
