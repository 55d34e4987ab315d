"""What a model saw, and what it was told apart from."""
