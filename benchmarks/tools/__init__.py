"""Which tools take the estimators, how, and what they cannot: each row of the table is run."""
