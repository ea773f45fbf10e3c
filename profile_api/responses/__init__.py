"""What every route answers with: the shapes of answers, and errors."""
