"""What language models and reward models are made of: one file a backend, in words or in vectors."""
