"""What is measured after every round: one file for each table, and `survey`, which asks all parties the same questions."""
