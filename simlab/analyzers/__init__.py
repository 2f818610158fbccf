"""What is measured after every round: one file a table; `survey` asks all parties the same questions."""
